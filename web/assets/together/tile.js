/** One stream's place on the page: its picture, its name, and what to do with it. */

import { h, setText } from "../dom.js";
import { clock } from "../format.js";

/** @typedef {import("./ensemble.js").Ensemble} Ensemble */
/** @typedef {import("./strand.js").Strand} Strand */

/**
 * @typedef {object} Actions
 * @property {() => void} listen
 * @property {() => void} enlarge
 */

export class Tile {
  /** @param {number} number  from 1 @param {Actions} actions */
  constructor(number, { listen, enlarge }) {
    this.number = number;
    this.video = /** @type {HTMLVideoElement} */ (
      h("video", { playsinline: true, preload: "auto", crossorigin: "", class: "together__video" })
    );
    this.video.muted = true;
    this.words = h("p", { class: "together__words" });
    this.name = h("span", { class: "together__name" }, `Stream ${number}`);
    this.live = h("span", { class: "badge badge--live", hidden: true }, "Live");
    this.whom = { listens: h("span", { class: "visually-hidden" }), enlarges: h("span", { class: "visually-hidden" }) };
    const action = { class: "together__action", type: "button", "aria-pressed": "false" };
    this.listens = h("button", { ...action, onclick: listen }, "Listen", this.whom.listens);
    this.enlarges = h("button", { ...action, onclick: enlarge }, "Enlarge", this.whom.enlarges);
    this.element = h(
      "figure",
      { class: "together__tile" },
      h("div", { class: "together__picture" }, this.video, this.words),
      h(
        "figcaption",
        { class: "together__caption" },
        h("kbd", { class: "together__key", "aria-hidden": "true" }, String(number)),
        this.name,
        this.live,
        h("span", { class: "together__actions" }, this.listens, this.enlarges),
      ),
    );
  }

  /**
   * @param {Ensemble} ensemble
   * @param {Strand} strand
   * @param {boolean} enlarged
   */
  show(ensemble, strand, enlarged) {
    const name = strand.title || `Stream ${this.number}`;
    const heard = ensemble.strands[ensemble.leader] === strand;
    setText(this.name, name);
    this.name.title = name;
    this.live.hidden = !strand.live;
    this.element.dataset.main = String(enlarged);
    this.element.dataset.heard = String(heard);
    this.listens.setAttribute("aria-pressed", String(heard));
    this.enlarges.setAttribute("aria-pressed", String(enlarged));
    setText(this.whom.listens, ` to ${name}`);
    setText(this.whom.enlarges, ` ${name}`);
    const words = wordsOf(ensemble, strand);
    setText(this.words, words);
    this.words.hidden = words === "";
  }
}

/**
 * What stands in the picture's place, nothing while there is one.
 *
 * @param {Ensemble} ensemble
 * @param {Strand} strand
 */
function wordsOf(ensemble, strand) {
  if (strand.words) return strand.words;
  if (!strand.known || !strand.pieces.length) return "Loading";
  if (ensemble.laggards.includes(strand)) return "Waiting for this picture";
  if (strand.at(ensemble.atS) !== null || ensemble.state === "ended") return "";
  const next = strand.pieces.find(({ atS }) => atS > ensemble.atS);
  if (next) return `No picture here. It begins in ${clock(Math.ceil(next.atS - ensemble.atS))}.`;
  return strand.live ? "The camera is away" : "It has ended";
}
