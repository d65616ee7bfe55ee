/** The right side of the studio while it is live: how it goes, the link, and what the server did not take. */

import { h, need, setText } from "../dom.js";
import { clock } from "../format.js";
import { conditionOf, conditionWords, healthRows } from "./rates.js";

/** @typedef {import("./broadcast.js").Broadcast} Broadcast */

const COPIED_MS = 2000;
const SHOWN = 3;

export class OnAir {
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();

  /**
   * @param {Broadcast} broadcast
   * @param {string} title
   */
  constructor(broadcast, title) {
    this.broadcast = broadcast;
    setText(need("#air-title"), title);
    const link = /** @type {HTMLInputElement} */ (need("#link"));
    link.value = new URL(broadcast.playbackUrl, location.href).href;
    link.onfocus = () => link.select();
    need("#copy").onclick = () => void this.#copy(link);
    need("#health").replaceChildren();
    this.timer = setInterval(() => this.show(), 500);
    broadcast.addEventListener("change", () => this.show());
    this.show();
  }

  remove() {
    clearInterval(this.timer);
    need("#on-air").hidden = true;
  }

  show() {
    const { sending, waitingS, uploader, targetS, stats, startedMs } = this.broadcast;
    const condition = startedMs ? conditionOf(waitingS, uploader.troubled, targetS) : uploader.troubled ? "away" : "starting";
    const place = need("#condition");
    place.dataset.condition = condition;
    setText(place, condition === "starting" ? "The first seconds are on their way." : conditionWords(condition));
    for (const [name, value] of healthRows(sending.kbps, sending.segments, waitingS, stats?.viewers.now ?? null)) {
      setText(this.#value(name), value);
    }
    const light = need("#on-air");
    light.hidden = false;
    light.dataset.state = startedMs ? "live" : "starting";
    setText(light, startedMs ? `Live ${clock((Date.now() - startedMs) / 1000)}` : "Connecting");
    this.#showRefusals(stats?.ingest?.refusals ?? []);
  }

  /** @param {import("./live-api.js").Refusal[]} refusals */
  #showRefusals(refusals) {
    const place = need("#refusals");
    place.hidden = refusals.length === 0;
    const rows = refusals.slice(-SHOWN).reverse();
    const shown = rows.map(({ at, code }) => `${at}${code}`).join();
    if (place.dataset.shown === shown) return;
    place.dataset.shown = shown;
    need("#refusals ul").replaceChildren(
      ...rows.map(({ name, detail }) => h("li", {}, h("code", {}, name.split("/").at(-1) ?? name), " ", detail)),
    );
  }

  /** @param {HTMLInputElement} link */
  async #copy(link) {
    link.select();
    await navigator.clipboard.writeText(link.value).catch(() => {}); // then it is selected, and Ctrl-C copies it
    setText(need("#copy"), "Copied");
    setTimeout(() => setText(need("#copy"), "Copy"), COPIED_MS);
  }

  /** @param {string} name */
  #value(name) {
    const known = this.#values.get(name);
    if (known) return known;
    const value = h("dd", {});
    this.#values.set(name, value);
    need("#health").append(h("div", {}, h("dt", {}, name), value));
    return value;
  }
}
