/** The picture of a job: a row for each rendition, a column for each piece of the timeline, filling in. */

import { h, setText } from "../dom.js";
import { clock, percent } from "../format.js";
import { cells, columns, inWords } from "./chunk-rows.js";

/** @typedef {import("../types.js").Rendition} Rendition */
/** @typedef {import("./recording-api.js").ChunkMap} ChunkMap */

/** So few columns have a moment each. */
const FEW = 6;
/** @type {Record<import("./chunk-rows.js").Cell["state"], string>} */
const WORDS = { waiting: "waiting", running: "being encoded", done: "done", failed: "failed", partly: "partly done" };

/**
 * @param {Rendition} rendition
 * @param {boolean} ended  its job
 */
function pace({ status, percent: done, fps, speed, kind }, ended) {
  if (status === "completed") return "done";
  if (ended) return done > 0 ? `stopped at ${percent(done)}` : "not encoded";
  if (speed < 0.05) return done > 0 ? percent(done) : "waiting";
  return [percent(done), kind === "video" && fps >= 1 ? `${Math.round(fps)} fps` : "", `${speed.toFixed(1)}×`].filter(Boolean).join(" · ");
}

export class ChunkGrid {
  element = h("div", { class: "chunks" });
  #rows = h("div", { class: "chunks__rows", role: "list" });
  #axis = h("div", { class: "chunks__axis", "aria-hidden": "true" });
  /** @type {Map<string, {row: HTMLElement, strip: HTMLElement, words: HTMLElement, pace: HTMLElement, cells: HTMLElement[]}>} */
  #known = new Map();
  #shape = "";

  constructor() {
    this.element.append(this.#rows, this.#axis, this.#legend());
  }

  /**
   * @param {ChunkMap} map
   * @param {Rendition[]} renditions  of the progress
   */
  update(map, renditions) {
    const cut = columns(map.chunks.length);
    const shape = JSON.stringify([map.renditions.map(({ id }) => id), map.chunks.length]);
    if (shape !== this.#shape) this.#build(map, cut, shape);
    for (const { id, chunks } of map.renditions) {
      const known = this.#known.get(id);
      if (!known) continue;
      const rendition = renditions.find((candidate) => candidate.id === id);
      setText(known.pace, rendition ? pace(rendition, map.status === "failed" || map.status === "cancelled") : "");
      setText(known.words, inWords(chunks));
      known.row.dataset.status = rendition?.status ?? "";
      cells(chunks, cut).forEach(({ state, share, from, to }, n) => {
        const cell = known.cells[n];
        if (!cell || cell.dataset.is === `${state}${share}`) return;
        cell.dataset.is = `${state}${share}`;
        cell.dataset.state = state;
        cell.style.setProperty("--share", String(share));
        cell.title = `${this.#span(map, from, to)}, ${WORDS[state]}`;
      });
    }
  }

  /**
   * @param {ChunkMap} map
   * @param {number} from
   * @param {number} to
   */
  #span({ chunks }, from, to) {
    const last = chunks[to - 1];
    return `${clock(chunks[from]?.start_s ?? 0)} to ${clock(last ? last.start_s + last.duration_s : 0)}`;
  }

  /**
   * @param {ChunkMap} map
   * @param {[number, number][]} cut
   * @param {string} shape
   */
  #build(map, cut, shape) {
    this.#shape = shape;
    this.#known.clear();
    const best = map.renditions.toSorted((a, b) => Number(a.kind === "audio") - Number(b.kind === "audio") || map.renditions.indexOf(b) - map.renditions.indexOf(a));
    this.#rows.replaceChildren(...best.map((rendition) => this.#row(rendition, cut)));
    this.element.style.setProperty("--columns", String(Math.max(1, cut.length)));
    this.element.dataset.dense = String(cut.length > 40);
    const every = cut.length <= FEW ? 1 : cut.length / 4;
    const marks = cut.map((_, n) => n).filter((n) => n % every < 1);
    this.#axis.replaceChildren(...marks.map((n) => this.#mark(clock(map.chunks[cut[n]?.[0] ?? 0]?.start_s ?? 0), n)), this.#mark(this.#end(map), cut.length - 1));
    this.#axis.lastElementChild?.classList.add("chunks__end");
  }

  /**
   * @param {string} moment
   * @param {number} column  from 0
   */
  #mark(moment, column) {
    const mark = h("span", {}, moment);
    mark.style.gridColumn = String(column + 1);
    return mark;
  }

  /** @param {ChunkMap} map */
  #end({ chunks }) {
    const last = chunks.at(-1);
    return last ? clock(last.start_s + last.duration_s) : "";
  }

  /**
   * @param {ChunkMap["renditions"][number]} rendition
   * @param {[number, number][]} cut
   */
  #row({ id, name, kind }, cut) {
    const made = cut.map(() => h("i", { class: "chunks__cell" }));
    const words = h("span", { class: "visually-hidden" });
    const strip = h("div", { class: "chunks__strip", "aria-hidden": "true" }, ...made);
    const speed = h("span", { class: "chunks__pace" });
    const row = h("div", { class: "chunks__row", role: "listitem", "data-kind": kind }, h("span", { class: "chunks__name" }, name), strip, speed, words);
    this.#known.set(id, { row, strip, words, pace: speed, cells: made });
    return row;
  }

  #legend() {
    const entry = (/** @type {string} */ state, /** @type {string} */ words) =>
      h("li", {}, h("i", { class: "chunks__cell", "data-state": state, "aria-hidden": "true" }), words);
    return h(
      "ul",
      { class: "chunks__legend" },
      entry("done", "done"),
      entry("running", "being encoded"),
      entry("waiting", "waiting"),
      entry("failed", "failed"),
    );
  }
}

