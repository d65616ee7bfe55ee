/** Sends what the encoder makes, in order; what cannot be sent now waits until it can. */

import { ApiError } from "../api.js";
import { backoffMs } from "../live/sequence.js";
import { Spool } from "./spool.js";

/** @typedef {import("./live-api.js").Ingest} Ingest */
/** @typedef {import("./spool.js").Parcel} Parcel */

/** Objects signed in one call, and how long before they run out new ones are asked for. */
const AHEAD = 10;
const MARGIN_MS = 10_000;
/** An address that is refused is asked for anew so many times. */
const RETRIES = 3;

/**
 * @typedef {object} Run  one unbroken run of the encoder
 * @property {number} firstPdt       Unix seconds
 * @property {number | null} epoch   null until it is claimed
 * @property {Map<string, string>} urls
 * @property {number} untilMs
 */

/**
 * The name after this one.
 *
 * @param {string} name  init.mp4, 0.m4s, 1.m4s, …
 */
function after(name) {
  return name === "init.mp4" ? "0.m4s" : `${Number.parseInt(name, 10) + 1}.m4s`;
}

/**
 * Names that will be needed from this one on.
 *
 * @param {string} name
 * @param {number} [count]
 */
export function namesFrom(name, count = AHEAD) {
  const names = [name];
  while (names.length < count) names.push(after(/** @type {string} */ (names.at(-1))));
  return names;
}

/** Dispatches "sent" ({parcel}), "trouble" and "clear" as the way to the server closes and opens, "refused" ({error}). */
export class Uploader extends EventTarget {
  spool = new Spool();
  troubled = false;
  /** @type {Run[]} */
  #runs = [];
  #next = 0;
  #failures = 0;
  #busy = false;
  #stopped = false;
  /** @type {() => void} */
  #wake = () => {};

  /** @param {Ingest} ingest */
  constructor(ingest) {
    super();
    this.ingest = ingest;
    window.addEventListener("online", () => this.#wake());
  }

  /**
   * A run of the encoder begins.
   *
   * @param {Uint8Array} init
   * @param {number} firstPdt  Unix seconds
   */
  begin(init, firstPdt) {
    this.#runs.push({ firstPdt, epoch: null, urls: new Map(), untilMs: 0 });
    this.#next = 0;
    this.#add("init.mp4", init, 0);
  }

  /**
   * @param {Uint8Array} bytes  one segment
   * @param {number} durationS
   */
  push(bytes, durationS) {
    this.#add(`${this.#next}.m4s`, bytes, durationS);
    this.#next += 1;
  }

  /**
   * Wait until all is sent.
   *
   * @param {number} mostMs
   * @returns {Promise<boolean>} false when it was given up
   */
  async drain(mostMs) {
    const untilMs = performance.now() + mostMs;
    while (this.spool.length && !this.#stopped && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.spool.length === 0;
  }

  stop() {
    this.#stopped = true;
    this.#wake();
    this.spool.clear();
  }

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   * @param {number} durationS
   */
  #add(name, bytes, durationS) {
    if (this.#stopped) return;
    this.spool.push({ run: this.#runs.length - 1, name, bytes, durationS, madeMs: Date.now() });
    if (!this.#busy) void this.#send();
  }

  async #send() {
    this.#busy = true;
    for (let parcel = await this.spool.first(); parcel && !this.#stopped; parcel = await this.spool.first()) {
      try {
        await this.#sendOne(parcel);
        this.spool.shift();
        this.#failures = 0;
        this.#trouble(false);
        this.dispatchEvent(new CustomEvent("sent", { detail: parcel }));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        await this.#failed(error, parcel);
      }
    }
    this.#busy = false;
  }

  /** @param {Parcel & {bytes: Uint8Array}} parcel */
  async #sendOne({ run: index, name, bytes }) {
    const run = /** @type {Run} */ (this.#runs[index]);
    run.epoch ??= await this.ingest.claim(run.firstPdt);
    if (!run.urls.has(name) || Date.now() > run.untilMs - MARGIN_MS) {
      const signed = await this.ingest.sign(run.epoch, namesFrom(name));
      run.urls = signed.urls;
      run.untilMs = signed.untilMs;
    }
    await this.ingest.put(/** @type {string} */ (run.urls.get(name)), bytes);
  }

  /**
   * @param {ApiError} error
   * @param {Parcel} parcel
   */
  async #failed(error, parcel) {
    this.#failures += 1;
    const stale = error.code === "upload_refused" && error.status < 500 && this.#failures <= RETRIES;
    if (stale) /** @type {Run} */ (this.#runs[parcel.run]).urls.clear();
    if (!error.transient && !stale) {
      this.stop();
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      return;
    }
    if (this.#failures > 1) this.#trouble(true);
    const waitMs = Math.max(backoffMs(this.#failures, Math.random()), 1000 * error.retryAfterS);
    await new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
      setTimeout(resolve, waitMs);
    });
  }

  /** @param {boolean} troubled */
  #trouble(troubled) {
    if (troubled === this.troubled) return;
    this.troubled = troubled;
    this.dispatchEvent(new Event(troubled ? "trouble" : "clear"));
  }
}
