/** What is known of this device while a player lives: asked once, and watched for dropped pictures. */

import { preferences } from "../preferences.js";
import { capOf, decoding, deviceNow, lowBattery, wishedCap } from "./caps.js";
import { DropWatch } from "./drops.js";

/** @typedef {import("./caps.js").CapRung} CapRung */

export class Device extends EventTarget {
  drops = new DropWatch();
  #low = false;
  /** @type {{supported: boolean[], smooth: boolean[], efficient: boolean[]}} */
  #decoding = { supported: [], smooth: [], efficient: [] };

  /**
   * Ask the browser what it can do with these levels; "probed" says that the answers are there.
   *
   * @param {Parameters<typeof decoding>[0]} levels
   */
  async probe(levels) {
    [this.#decoding, this.#low] = await Promise.all([decoding(levels), lowBattery()]);
    this.dispatchEvent(new Event("probed"));
  }

  /**
   * The highest rung of use, and why no higher one.
   *
   * @param {CapRung[]} rungs  lowest first
   * @param {number} server    highest by the server's advice
   */
  cap(rungs, server) {
    const { width, height, dpr, save_data: saver } = deviceNow();
    const device = { width: width * dpr, height: height * dpr, saver, low: this.#low, ...this.#decoding };
    const cap = capOf(rungs, device, this.drops.top(performance.now()), server);
    const wished = wishedCap(rungs, preferences().capHeight);
    return wished < cap.index ? { index: wished, reason: /** @type {const} */ ("wish") } : cap;
  }

  /**
   * In the words of the API.
   *
   * @param {CapRung[]} rungs
   */
  facts(rungs) {
    const { supported, smooth, efficient } = this.#decoding;
    const answer = (/** @type {number} */ n) => [supported[n] ?? null, smooth[n] ?? null, efficient[n] ?? null];
    const answers = Object.fromEntries(rungs.map(({ kbps }, index) => [kbps, answer(index)]));
    return { ...deviceNow(), save_power: this.#low, cores: navigator.hardwareConcurrency, decoding: answers };
  }
}
