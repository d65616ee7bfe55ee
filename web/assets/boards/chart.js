/** A chart that is read with a mouse, a finger, the keyboard or as a table. */

import uPlot from "../../vendor/uplot-1.6.32/uPlot.esm.js";
import { h, setText } from "../dom.js";
import { options } from "./paint.js";
import { onTheme } from "./theme.js";

/** @typedef {import("./paint.js").Picture} Picture */

/** A table has at least this height before it scrolls. */
const TABLE_PX = 360;
/** Keys to steps along the x axis; Infinity is an end. @type {Record<string, number>} */
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export class Chart extends EventTarget {
  #plot = h("div", { class: "board__plot", tabindex: 0, role: "group", "aria-roledescription": "chart" });
  #tip = h("div", { class: "board__tip", "aria-hidden": "true", hidden: true });
  #said = h("p", { class: "visually-hidden", "aria-live": "polite" });
  #table = h("div", { class: "board__figures-table", tabindex: 0, role: "region", hidden: true });
  /** Shows the numbers instead. */
  toggle = h(
    "button",
    { class: "board__toggle", type: "button", "aria-pressed": "false", onclick: () => this.#switch() },
    "Table",
  );
  element = h("div", { class: "board__chart" }, this.#plot, this.#tip, this.#said, this.#table);
  /** @type {uPlot | null} */
  #u = null;
  /** @type {Picture | null} */
  #picture = null;
  /** @type {number | null} */
  #at = null;
  #byKey = false;
  #width = 0;
  #stop = onTheme(() => this.#u?.redraw(false, true));
  #resized = new ResizeObserver(() => this.#fit());

  constructor() {
    super();
    this.#resized.observe(this.element);
    this.#plot.addEventListener("keydown", (event) => this.#key(event));
    this.#plot.addEventListener("blur", () => this.moveTo(null));
  }

  /** The point under the cursor. */
  get at() {
    return this.#at;
  }

  /** @param {Picture} picture */
  draw(picture) {
    this.#picture = picture;
    this.#plot.setAttribute("aria-label", `${picture.label}. Arrow keys read it point by point.`);
    this.#plot.style.height = `${picture.height}px`; // before there is a width to draw in
    this.#table.setAttribute("aria-label", `${picture.label}, as a table`);
    this.#table.replaceChildren(table(picture));
    this.#build();
  }

  /** Give back what the browser holds for it. */
  destroy() {
    this.#stop();
    this.#resized.disconnect();
    this.#u?.destroy();
    this.#u = null;
  }

  /**
   * Put the cursor on a point, as if it was pointed at; null takes it away.
   *
   * @param {number | null} index
   */
  moveTo(index) {
    const u = this.#u;
    const x = index === null ? undefined : this.#picture?.xs[index];
    if (!u) return;
    if (x === undefined) u.setCursor({ left: -10, top: -10 });
    else u.setCursor({ left: u.valToPos(x, "x"), top: u.over.clientHeight / 2 });
  }

  /**
   * Pixels from the chart's left edge to a place on the x axis.
   *
   * @param {number} x
   */
  pointLeft(x) {
    return this.#u ? this.#u.valToPos(x, "x") + this.#u.over.offsetLeft : 0;
  }

  #switch() {
    const shown = this.#table.hidden;
    this.#table.style.maxHeight = `${Math.max(this.#picture?.height ?? 0, TABLE_PX)}px`;
    this.#table.hidden = !shown;
    this.#plot.hidden = shown;
    this.toggle.setAttribute("aria-pressed", String(shown));
    this.dispatchEvent(new CustomEvent("table", { detail: shown }));
    if (!shown) this.#fit();
  }

  #fit() {
    const width = Math.floor(this.element.clientWidth);
    if (!this.#picture || width === 0 || width === this.#width) return;
    this.#build();
  }

  #build() {
    const width = Math.floor(this.element.clientWidth);
    if (!this.#picture || width === 0) return;
    this.#width = width;
    this.#u?.destroy();
    this.#at = null;
    this.#tip.hidden = true;
    const { xs, lines } = this.#picture;
    const data = /** @type {uPlot.AlignedData} */ ([xs, ...lines.map((line) => line.values)]);
    this.#u = new uPlot(options(this.#picture, width, [(u) => this.#moved(u)]), data, this.#plot);
  }

  /** @param {uPlot} u */
  #moved(u) {
    const at = u.cursor.left === undefined || u.cursor.left < 0 ? null : (u.cursor.idx ?? null);
    if (at !== this.#at || at === null) {
      this.#at = at;
      this.#tell(at);
      this.dispatchEvent(new CustomEvent("move", { detail: at }));
    }
    if (at !== null) this.#place(at);
  }

  /** @param {number | null} at */
  #tell(at) {
    const picture = this.#picture;
    this.#tip.hidden = at === null || picture?.say !== undefined;
    if (at === null || !picture) return;
    if (picture.say) {
      if (this.#byKey) setText(this.#said, picture.say(at));
      return;
    }
    const all = picture.lines.map((line) => ({
      line,
      value: line.values[at] ?? null,
      words: line.words(line.values[at] ?? null),
    }));
    const told = all.filter(({ value }) => value !== null);
    const rows = told.length ? told : all.slice(0, 1);
    const name = picture.x.words(picture.xs[at] ?? 0);
    this.#tip.replaceChildren(
      h("p", { class: "board__tip-name" }, name),
      ...rows.map(({ line, words }) =>
        h("p", { class: "board__tip-row" }, swatch(line), h("span", {}, line.label), h("b", {}, words)),
      ),
    );
    if (this.#byKey) setText(this.#said, [name, ...rows.map(({ line, words }) => `${line.label} ${words}`)].join(", "));
  }

  /** @param {number} at */
  #place(at) {
    const x = this.pointLeft(this.#picture?.xs[at] ?? 0);
    const { clientWidth: wide } = this.element;
    const half = this.#tip.offsetWidth / 2;
    this.#tip.style.translate = `${Math.round(Math.min(Math.max(x - half, 0), wide - 2 * half))}px 0`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const length = this.#picture?.xs.length ?? 0;
    const step = KEYS[event.key];
    if (event.key === "Escape") return this.moveTo(null);
    if (step === undefined || length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const from = this.#at ?? (step > 0 ? -1 : length);
    this.#byKey = true;
    this.moveTo(Math.min(length - 1, Math.max(0, from + step)));
    this.#byKey = false;
  }
}

/** @param {import("./paint.js").Line} line */
function swatch({ kind, colour, faint = false }) {
  const look = !faint ? kind : kind === "bars" ? "bars board__swatch--pale" : "faint";
  return h("span", { class: `board__swatch board__swatch--${look} board__swatch${colour}`, "aria-hidden": "true" });
}

/**
 * What the lines are, for a chart of more than one.
 *
 * @param {import("./paint.js").Line[]} lines
 */
export const key = (lines) =>
  h("ul", { class: "board__key" }, ...lines.map((line) => h("li", {}, swatch(line), line.label)));

/** @param {Picture} picture */
function table({ label, x, xs, lines, table: given }) {
  const names = given?.names ?? lines.map((line) => line.label);
  const cells =
    given?.cells ?? ((/** @type {number} */ at) => lines.map((line) => line.words(line.values[at] ?? null)));
  const rows = xs.map((at, index) =>
    h("tr", {}, h("th", { scope: "row" }, x.words(at)), ...cells(index).map((words) => h("td", {}, words))),
  );
  return h(
    "table",
    { class: "board__table" },
    h("caption", { class: "visually-hidden" }, label),
    h("thead", {}, h("tr", {}, ...[x.name, ...names].map((words) => h("th", { scope: "col" }, words)))),
    h("tbody", {}, ...rows),
  );
}
