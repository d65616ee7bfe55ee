/** The statistics over the picture (key i): what the link gives, what is loaded next, and why. */

import { h, need, setText } from "./dom.js";
import { Sparkline } from "./sparkline.js";
import { gauges, statistics } from "./stats-words.js";

/** @typedef {import("./player.js").HeadwaterPlayer} HeadwaterPlayer */

const EVERY_MS = 500;
/** A minute. */
const POINTS = 120;
const TYPING = "input, select, textarea, [contenteditable]";

export class StatsPanel {
  #throughput = new Sparkline("throughput", POINTS);
  #buffer = new Sparkline("buffer", POINTS);
  #throughputNow = h("b", {});
  #bufferNow = h("b", {});
  #rows = h("dl", { class: "stats__rows" });
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();
  /** Where the focus was. @type {Element | null} */
  #before = null;
  #panel = this.#build();

  /** @param {() => HeadwaterPlayer | null} player */
  constructor(player) {
    this.player = player;
    need("#stage").append(this.#panel);
    document.addEventListener("keydown", (event) => this.#onKey(event));
    setInterval(() => this.#tick(), EVERY_MS);
  }

  get open() {
    return !this.#panel.hidden;
  }

  /** Show or hide; the keyboard's focus comes back to where it was. */
  toggle() {
    const open = !this.open && this.player() !== null;
    if (open) this.#before = document.activeElement;
    const inside = this.#panel.contains(document.activeElement);
    this.#panel.hidden = !open;
    if (open) this.#show();
    else if (inside && this.#before instanceof HTMLElement) this.#before.focus();
  }

  #build() {
    const close = h("button", { class: "stats__close", type: "button", onclick: () => this.toggle() }, "Close");
    close.append(h("kbd", { "aria-hidden": "true" }, "i"));
    return h(
      "section",
      { class: "stats", id: "stats", "aria-labelledby": "stats-title", hidden: true },
      h("header", { class: "stats__head" }, h("h2", { class: "stats__title", id: "stats-title" }, "Playback statistics"), close),
      h("div", { class: "stats__gauges" }, this.#gauge("Throughput", this.#throughputNow, this.#throughput), this.#gauge("Buffer", this.#bufferNow, this.#buffer)),
      this.#rows,
    );
  }

  /**
   * @param {string} name
   * @param {HTMLElement} now
   * @param {Sparkline} line
   */
  #gauge(name, now, line) {
    return h("figure", { class: "stats__gauge" }, h("figcaption", {}, h("span", {}, name), now), line.element);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { key, target } = event;
    const typing = target instanceof Element && target.closest(TYPING) !== null;
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (key === "i" || (key === "Escape" && this.open && !event.defaultPrevented)) this.toggle();
  }

  /** The lines are kept while nobody looks, so that they are there when somebody does. */
  #tick() {
    const player = this.player();
    if (!player) return;
    const { kbps, bufferS } = gauges(player);
    this.#throughput.push(kbps);
    this.#buffer.push(bufferS);
    if (this.open) this.#show();
  }

  #show() {
    const player = this.player();
    if (!player) return;
    const { throughput, buffer } = gauges(player);
    setText(this.#throughputNow, throughput);
    setText(this.#bufferNow, buffer);
    this.#throughput.draw();
    this.#buffer.draw();
    for (const [name, value] of statistics(player, performance.now())) setText(this.#value(name), value || "\u2013");
  }

  /** @param {string} name */
  #value(name) {
    const known = this.#values.get(name);
    if (known) return known;
    const value = h("dd", {});
    this.#values.set(name, value);
    this.#rows.append(h("div", {}, h("dt", {}, name), value));
    return value;
  }
}
