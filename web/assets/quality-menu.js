/** The quality menu: automatic, then every rung from best to smallest, those not encoded yet greyed out. */

import { reachOf } from "./availability.js";
import { h, setText } from "./dom.js";
import { bitrate, percent, rungName } from "./format.js";

/** @typedef {import("./player.js").HeadwaterPlayer} HeadwaterPlayer */
/** @typedef {import("./types.js").Rendition} Rendition */

const AUTO = "auto";

/**
 * @typedef {HTMLElement & {value: string, checked: boolean}} MenuItem  media-chrome-menu-item
 * @typedef {HTMLElement & {value: string}} Menu                        media-chrome-menu
 */

export class QualityMenu {
  /** @type {Map<string, {item: MenuItem, label: Element, note: Element}>} */
  #rows = new Map();

  /**
   * @param {Menu} menu
   * @param {HTMLElement} button
   * @param {HeadwaterPlayer} player
   */
  constructor(menu, button, player) {
    this.menu = menu;
    this.button = button;
    this.player = player;
    menu.onchange = () => this.#choose(menu.value); // the menu of the player before it is told no more
    player.addEventListener("quality", () => this.update());
    this.update();
  }

  /** Bring rows, checks and the button up to date. */
  update() {
    const { player } = this;
    const rungs = player.progress.renditions.filter((rendition) => rendition.kind === "video");
    rungs.sort((a, b) => b.height - a.height || b.bitrate_kbps - a.bitrate_kbps);
    const playing = rungs.find((rung) => rung.id === player.playingId);
    this.#row(AUTO, "Auto", playing && player.policy.pinned === null ? rungName(playing) : "", false);
    for (const rung of rungs) {
      const ready = this.#ready(rung);
      this.#row(rung.id, rungName(rung), ready ? "" : `encoding ${percent(rung.percent)}`, !ready);
    }
    const pinned = rungs.find((rung) => rung.id === player.policy.pinned);
    const shown = pinned ?? playing;
    setText(this.button, shown ? `${pinned ? "" : "Auto "}${shown.height}p` : "Auto");
    const rate = shown ? `, ${bitrate(shown.bitrate_kbps)}` : "";
    this.button.setAttribute("aria-label", `Quality: ${this.button.textContent}${rate}`);
  }

  /**
   * A rung can be chosen once it reaches beyond the playhead.
   *
   * @param {Rendition} rung
   */
  #ready(rung) {
    const { progress, video } = this.player;
    return reachOf(rung, progress.duration_s) > video.currentTime + progress.segment_s;
  }

  /** @param {string} value */
  #choose(value) {
    const { player } = this;
    const row = this.#rows.get(value);
    if (row && !row.item.hasAttribute("disabled")) player.pin(value === AUTO ? null : value);
    else this.update(); // the keyboard can reach a greyed-out row; it stays where it was
  }

  /**
   * @param {string} value
   * @param {string} text
   * @param {string} remark
   * @param {boolean} disabled
   */
  #row(value, text, remark, disabled) {
    const { item, label, note } = this.#rows.get(value) ?? this.#addRow(value);
    setText(label, text);
    setText(note, remark);
    item.toggleAttribute("disabled", disabled);
    item.setAttribute("aria-disabled", String(disabled));
    item.checked = value === (this.player.policy.pinned ?? AUTO);
  }

  /** @param {string} value */
  #addRow(value) {
    const label = h("span", { class: "quality__label" });
    const note = h("span", { class: "quality__note" });
    const text = h("span", { class: "quality__row" }, label, note);
    const item = /** @type {MenuItem} */ (h("media-chrome-menu-item", { type: "radio", value }, text));
    const row = { item, label, note };
    this.#rows.set(value, row);
    this.menu.append(item);
    return row;
  }
}
