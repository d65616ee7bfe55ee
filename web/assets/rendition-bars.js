/** A live bar per rendition while it encodes. */

import { h, setText } from "./dom.js";
import { percent, rungName } from "./format.js";

/** @typedef {import("./types.js").Rendition} Rendition */

/** @param {Rendition} rendition */
function remark(rendition) {
  if (rendition.status === "completed") return "done";
  if (rendition.status === "pending") return "waiting";
  const speed = rendition.speed >= 0.1 ? ` · ${rendition.speed.toFixed(1)}×` : "";
  return `${percent(rendition.percent)}${speed}`;
}

export class RenditionBars {
  /** @type {Map<string, {row: HTMLElement, bar: HTMLProgressElement, note: HTMLElement}>} */
  #rows = new Map();

  /** @param {HTMLElement} list  a ul */
  constructor(list) {
    this.list = list;
  }

  /** @param {Rendition[]} renditions  in the order of the ladder */
  update(renditions) {
    for (const rendition of renditions) {
      const { row, bar, note } = this.#rows.get(rendition.id) ?? this.#addRow(rendition);
      bar.value = rendition.percent;
      setText(note, remark(rendition));
      row.dataset.status = rendition.status;
    }
  }

  /** @param {Rendition} rendition */
  #addRow(rendition) {
    const name = rungName(rendition);
    const bar = /** @type {HTMLProgressElement} */ (h("progress", { max: 100, value: 0, "aria-label": name }));
    const note = h("span", { class: "bars__note" });
    const row = h("li", { class: "bars__row" }, h("span", { class: "bars__name" }, name), bar, note);
    const entry = { row, bar, note };
    this.#rows.set(rendition.id, entry);
    this.list.append(row);
    return entry;
  }
}
