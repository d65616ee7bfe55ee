/** The one timeline: a lane for each stream, where it has pictures and where not, and the place in all of them. */

import { h, setText } from "../dom.js";
import { clock } from "../format.js";
import { ranges } from "./timeline.js";

/** @typedef {import("./ensemble.js").Ensemble} Ensemble */

const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(3)}%`;

/**
 * Time of day where dates are known.
 *
 * @param {number} atS  Unix seconds
 */
function timeOfDay(atS) {
  return new Date(1000 * atS).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export class Bar {
  #drawn = "";
  #dragging = false;

  /** @param {Ensemble} ensemble */
  constructor(ensemble) {
    this.ensemble = ensemble;
    this.range = /** @type {HTMLInputElement} */ (
      h("input", { class: "together__seek", type: "range", min: "0", max: "1", step: "0.1", value: "0", "aria-label": "Place in all streams" })
    );
    this.range.addEventListener("input", () => {
      this.#dragging = true;
      this.#name(Number(this.range.value));
    });
    this.range.addEventListener("change", () => {
      this.#dragging = false;
      ensemble.seek(ensemble.range[0] + Number(this.range.value));
    });
    this.lanes = h("div", { class: "together__lanes", "aria-hidden": "true" });
    this.head = h("div", { class: "together__head" });
    this.element = h("div", { class: "together__bar" }, h("div", { class: "together__tracks" }, this.lanes, this.head), this.range);
    this.time = h("span", { class: "together__time" });
  }

  /** @param {string[]} names */
  show(names) {
    const { ensemble } = this;
    const [from, to] = ensemble.range;
    const lengthS = Math.max(0.1, to - from);
    this.#draw(names, from, lengthS);
    const into = Math.min(lengthS, Math.max(0, ensemble.atS - from));
    this.range.max = String(lengthS);
    this.head.style.insetInlineStart = percent(into / lengthS);
    if (this.#dragging) return;
    this.range.value = String(into);
    this.#name(into);
  }

  /** @param {number} into */
  #name(into) {
    const [from, to] = this.ensemble.range;
    const place = `${clock(into)} of ${clock(to - from)}`;
    const words = this.ensemble.byDate ? `${timeOfDay(from + into)}, ${place}` : place;
    setText(this.time, `${this.ensemble.byDate ? `${timeOfDay(from + into)} · ` : ""}${clock(into)} / ${clock(to - from)}`);
    // by whole seconds, so that nobody who listens is told every tick
    if (this.range.getAttribute("aria-valuetext") !== words) this.range.setAttribute("aria-valuetext", words);
  }

  /**
   * @param {string[]} names
   * @param {number} from
   * @param {number} lengthS
   */
  #draw(names, from, lengthS) {
    const lanes = this.ensemble.strands.map(({ pieces }) => ranges(pieces));
    const drawn = JSON.stringify([names, from, Math.round(lengthS), this.ensemble.leader, lanes.map((lane) => lane.length)]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.lanes.replaceChildren(
      ...lanes.map((lane, n) => {
        const spans = lane.map(([begin, end]) => {
          const span = h("span", { class: "together__span" });
          span.style.insetInlineStart = percent((begin - from) / lengthS);
          span.style.inlineSize = percent((end - begin) / lengthS);
          return span;
        });
        return h("div", { class: "together__lane", title: names[n] ?? "", "data-heard": String(n === this.ensemble.leader) }, ...spans);
      }),
    );
  }
}
