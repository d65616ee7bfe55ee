/** One set of controls for all of them: buttons, speed, volume, layout, and the keys that do the same. */

import { h, setText } from "../dom.js";

/** @typedef {import("./ensemble.js").Ensemble} Ensemble */
/** @typedef {"side" | "focus" | "inset"} Layout */

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const STEP_S = 10;
const SMALL_STEP_S = 5;
/** @type {[Layout, string][]} */
export const LAYOUTS = [
  ["side", "Side by side"],
  ["focus", "One large"],
  ["inset", "Inset"],
];
const TYPED = "input:not([type=range]):not([type=checkbox]), select, textarea, [contenteditable], dialog";
const STATES = /** @type {Record<string, string>} */ ({ loading: "Getting ready", paused: "Paused", playing: "In step", ended: "Over" });

/**
 * @typedef {object} Page
 * @property {() => Layout} layout
 * @property {(layout: Layout) => void} arrange
 * @property {(number: number) => void} enlarge
 * @property {(number: number) => void} listen
 * @property {() => void} fullscreen
 * @property {(level: number, muted: boolean) => void} loudness
 */

export class Controls {
  #muted = false;

  /**
   * @param {Ensemble} ensemble
   * @param {Page} page
   */
  constructor(ensemble, page) {
    this.ensemble = ensemble;
    this.page = page;
    this.playButton = h("button", { class: "button button--primary together__play", type: "button", onclick: () => this.#toggle() }, "Play");
    this.back = this.#stepper("Back ", "\u2212 10 s", -STEP_S);
    this.forward = this.#stepper("Forward ", "+ 10 s", STEP_S);
    this.goLive = h("button", { class: "button button--small", type: "button", hidden: true, onclick: () => this.#toEdge() }, "Go live");
    this.rate = /** @type {HTMLSelectElement} */ (
      h("select", { "aria-label": "Speed" }, ...RATES.map((rate) => h("option", { value: rate, selected: rate === 1 }, `${rate}×`)))
    );
    this.rate.addEventListener("change", () => ensemble.setRate(Number(this.rate.value)));
    this.mute = h("button", { class: "button button--small", type: "button", onclick: () => this.#toggleMute() }, "Mute");
    this.volume = /** @type {HTMLInputElement} */ (
      h("input", { class: "together__volume", type: "range", min: 0, max: 1, step: 0.05, value: 1, "aria-label": "Volume" })
    );
    this.volume.addEventListener("input", () => this.#sound(false));
    this.full = h("button", { class: "button button--small", type: "button", onclick: () => page.fullscreen() }, "Full screen");
    this.layouts = LAYOUTS.map(([name, words]) =>
      h("button", { class: "together__layout", type: "button", "data-layout": name, onclick: () => page.arrange(name) }, words),
    );
    this.status = h("p", { class: "together__status", role: "status" });
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {HTMLElement} time */
  row(time) {
    const left = [this.playButton, this.back, this.forward, time, this.goLive];
    const right = [h("label", { class: "together__rate" }, this.rate), this.mute, this.volume, this.full];
    return h("div", { class: "together__controls" }, ...left, h("span", { class: "together__spacer" }), ...right);
  }

  /** @param {string} waitsFor  names of those that all wait for */
  show(waitsFor) {
    const { ensemble } = this;
    const { state, wants } = ensemble;
    setText(this.playButton, wants && state !== "ended" ? "Pause" : state === "ended" ? "Again" : "Play");
    const words = state === "holding" ? `Waiting for ${waitsFor || "the pictures"}` : (STATES[state] ?? state);
    setText(this.status, ensemble.strands.every(({ out }) => out) ? "There is nothing to play" : words);
    this.status.dataset.state = state;
    const behindS = ensemble.edgeS === null ? 0 : ensemble.edgeS - ensemble.atS;
    this.goLive.hidden = ensemble.edgeS === null;
    setText(this.goLive, behindS > 3 ? "Go live" : "Live");
    for (const button of this.layouts) {
      button.setAttribute("aria-pressed", String(button.dataset.layout === this.page.layout()));
    }
  }

  /**
   * @param {string} direction  for those who hear it
   * @param {string} words
   * @param {number} seconds
   */
  #stepper(direction, words, seconds) {
    const step = () => this.ensemble.seek(this.ensemble.atS + seconds);
    const said = h("span", { class: "visually-hidden" }, direction);
    return h("button", { class: "button button--small", type: "button", onclick: step }, said, words);
  }

  #toggle() {
    if (this.ensemble.wants && this.ensemble.state !== "ended") this.ensemble.pause();
    else this.ensemble.play();
  }

  #toEdge() {
    const { ensemble } = this;
    if (ensemble.edgeS !== null) ensemble.seek(ensemble.edgeS);
    ensemble.play();
  }

  #toggleMute() {
    this.#sound(!this.#muted);
  }

  /** @param {boolean} muted */
  #sound(muted) {
    this.#muted = muted;
    setText(this.mute, muted ? "Unmute" : "Mute");
    this.page.loudness(Number(this.volume.value), muted);
  }

  /** @param {number} by */
  #faster(by) {
    const index = RATES.indexOf(this.ensemble.rate) + by;
    const rate = RATES[index];
    if (rate === undefined) return;
    this.rate.value = String(rate);
    this.ensemble.setRate(rate);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(target instanceof Element)) return;
    if (target.closest(TYPED) || (key === " " && target.closest("button, a"))) return;
    if (key.startsWith("Arrow") && target.closest("input")) return;
    const { ensemble, page } = this;
    const step = (/** @type {number} */ seconds) => ensemble.seek(ensemble.atS + seconds);
    /** @type {Record<string, () => void>} */
    const keys = {
      " ": () => this.#toggle(),
      k: () => this.#toggle(),
      j: () => step(-STEP_S),
      l: () => step(STEP_S),
      ArrowLeft: () => step(-SMALL_STEP_S),
      ArrowRight: () => step(SMALL_STEP_S),
      m: () => this.#toggleMute(),
      f: () => page.fullscreen(),
      a: () => page.listen((ensemble.leader + 1) % ensemble.strands.length),
      v: () => page.arrange(LAYOUTS[(LAYOUTS.findIndex(([name]) => name === page.layout()) + 1) % LAYOUTS.length]?.[0] ?? "side"),
      "<": () => this.#faster(-1),
      ">": () => this.#faster(1),
    };
    const number = Number(key);
    if (number >= 1 && number <= ensemble.strands.length) page.enlarge(number - 1);
    else if (keys[key]) keys[key]();
    else return;
    event.preventDefault();
  }
}
