/** A session, drawn: what the link gave, what was shown, what was in the buffer, and where it stood still. */

import { h, setText } from "../dom.js";
import { clock } from "../format.js";
import { key } from "./chart.js";
import { bands, points, reasonAt, words } from "./moments.js";
import { ticking } from "./paint.js";
import { chart } from "./parts.js";
import { drawBands, drawMarks, marks } from "./overlay.js";
import { rate } from "./words.js";

/** @typedef {import("./shapes.js").SessionReport} SessionReport */
/** @typedef {import("./chart.js").Chart} Chart */
/** @typedef {import("../../vendor/uplot-1.6.32/uPlot.esm.js").default} uPlot */

const RATES = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
const SECONDS = [1, 2, 5, 10, 20, 30, 60];
/** Both pictures begin at the same place. */
const EDGE_PX = 78;
const ZOOM = 2;
const LEAST_S = 2;

export class Timeline extends EventTarget {
  #report;
  #points;
  #bands;
  #endS;
  /** Seconds on show. @type {[number, number]} */
  #view;
  #rates = chart();
  #buffer = chart();
  /** @type {number | null} */
  #at = null;
  #reading = h("p", { class: "board__reading" }, h("b", {}), h("span", {}));
  #all = h("button", { class: "board__toggle", type: "button", onclick: () => this.#zoom(0, this.#endS) }, "All of it");

  /** @param {SessionReport} report */
  constructor(report) {
    super();
    this.#report = report;
    this.#points = points(report.timeline);
    this.#endS = Math.max(1, ...this.#points.xs);
    this.#bands = bands(this.#points.moments, this.#endS);
    this.#view = [0, this.#endS];
    this.#draw();
    for (const [one, other] of [
      [this.#rates, this.#buffer],
      [this.#buffer, this.#rates],
    ]) {
      one?.addEventListener("move", () => this.#moved(one.at, other));
    }
    const [rates, buffer] = this.#pictures();
    const legend = key([...rates.lines, ...buffer.lines]);
    legend.append(...marks());
    this.element = h(
      "div",
      { class: "board__timeline" },
      h(
        "div",
        { class: "board__head" },
        legend,
        h(
          "div",
          { class: "board__tools" },
          this.#all,
          zoomButton("Closer", () => this.#closer(1 / ZOOM)),
          zoomButton("Wider", () => this.#closer(ZOOM)),
          this.#rates.toggle,
        ),
      ),
      this.#rates.element,
      this.#buffer.element,
      this.#reading,
    );
    this.#rates.addEventListener("table", (event) => {
      const table = /** @type {CustomEvent<boolean>} */ (event).detail;
      this.#buffer.element.hidden = table;
      this.#reading.hidden = table;
    });
    this.#read(null);
  }

  /**
   * Show the moment of a stall.
   *
   * @param {number} atMs
   */
  point(atMs) {
    const index = this.#points.moments.findIndex(
      (moment) => moment.kind === "stall" && Math.abs(moment.at_ms - atMs) <= 1,
    );
    const second = this.#points.xs[index];
    if (second === undefined) return;
    const [from, to] = this.#view;
    if (second < from || second > to) this.#zoom(second - (to - from) / 2, second + (to - from) / 2);
    this.#rates.moveTo(index);
    this.#buffer.moveTo(index);
  }

  /**
   * @param {number | null} at
   * @param {Chart | undefined} other
   */
  #moved(at, other) {
    if (at === this.#at) return;
    this.#at = at;
    if (other && other.at !== at) other.moveTo(at);
    this.#read(at);
    const moment = at === null ? undefined : this.#points.moments[at];
    const second = at === null ? -1 : (this.#points.xs[at] ?? -1);
    const band = this.#bands.find(({ kind, from, to }) => kind === "stall" && second >= from && second <= to + 0.01);
    this.dispatchEvent(
      new CustomEvent("stall", { detail: moment?.kind === "stall" ? moment.at_ms : band ? 1000 * band.to : null }),
    );
  }

  /** @param {number | null} at */
  #read(at) {
    const [when, what] = this.#reading.children;
    const moment = at === null ? undefined : this.#points.moments[at];
    if (!when || !what) return;
    setText(when, moment ? clock((moment.at_ms - (moment.kind === "stall" ? (moment.stall_ms ?? 0) : 0)) / 1000) : "");
    setText(
      what,
      moment
        ? words(moment, reasonAt(this.#report.why, moment.at_ms)?.text)
        : "Point at the picture, or focus it and use the arrow keys, to read it event by event.",
    );
  }

  /** @param {number} factor */
  #closer(factor) {
    const [from, to] = this.#view;
    const middle = this.#at === null ? (from + to) / 2 : (this.#points.xs[this.#at] ?? 0);
    const half = (factor * (to - from)) / 2;
    this.#zoom(middle - half, middle + half);
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #zoom(from, to) {
    const length = Math.min(this.#endS, Math.max(LEAST_S, to - from));
    const start = Math.min(Math.max(0, from), this.#endS - length);
    this.#view = [start, start + length];
    this.#draw();
  }

  #draw() {
    const [rates, buffer] = this.#pictures();
    this.#rates.draw(rates);
    this.#buffer.draw(buffer);
    this.#all.hidden = this.#view[1] - this.#view[0] >= this.#endS - 0.01;
  }

  /** @returns {[import("./paint.js").Picture, import("./paint.js").Picture]} */
  #pictures() {
    const { xs, moments } = this.#points;
    const [from, to] = this.#view;
    const common = {
      xs,
      edge: EDGE_PX,
      x: {
        name: "At",
        words: (/** @type {number} */ at) => clock(at),
        short: (/** @type {number} */ at) => clock(at),
        ticks: (/** @type {number} */ most) => ticking(from, to, most),
        range: this.#view,
      },
      under: (/** @type {uPlot} */ u) => drawBands(u, this.#bands),
      say: (/** @type {number} */ at) => this.#said(at),
      selected: (/** @type {number} */ first, /** @type {number} */ last) => this.#zoom(first, last),
    };
    const fetched = moments.map((moment) => (moment.kind === "segment" ? (moment.kbps ?? null) : null));
    const line = /** @type {const} */ ("line");
    return [
      {
        ...common,
        label: "Throughput of the link, and bitrate of what was fetched",
        height: 220,
        bare: true,
        log: true,
        lines: [
          {
            label: "Throughput",
            kind: line,
            colour: "--river",
            values: moments.map((moment) => moment.throughput_kbps ?? null),
            words: rate,
            joined: true,
          },
          { label: "Rung fetched", kind: "step", colour: "--ink", values: fetched, words: rate, joined: true },
        ],
        words: rate,
        steps: RATES,
        over: (u) => drawMarks(u, this.#points),
        table: {
          names: ["What happened", "Throughput", "Rung", "Buffer"],
          cells: (at) => this.#cells(at),
        },
      },
      {
        ...common,
        label: "Seconds in the buffer",
        height: 140,
        lines: [
          {
            label: "Buffer",
            kind: "area",
            colour: "--ink-soft",
            values: moments.map((moment) => moment.buffer_s ?? null),
            words: seconds,
            joined: true,
          },
        ],
        words: seconds,
        steps: SECONDS,
      },
    ];
  }

  /**
   * A moment as a line of the table.
   *
   * @param {number} at
   */
  #cells(at) {
    const moment = this.#points.moments[at];
    if (!moment) return [];
    const { kind, throughput_kbps: got, rung = "–", buffer_s: bufferS = null } = moment;
    const plain = kind === "stall" ? moment : { kind, at_ms: moment.at_ms, pt_s: moment.pt_s, code: moment.code };
    return [words(plain, reasonAt(this.#report.why, moment.at_ms)?.text), rate(got), rung, seconds(bufferS)];
  }

  /** @param {number} at */
  #said(at) {
    const moment = this.#points.moments[at];
    return moment
      ? `${clock(moment.at_ms / 1000)}, ${words(moment, reasonAt(this.#report.why, moment.at_ms)?.text)}`
      : "";
  }
}

const seconds = (/** @type {number | null} */ value) => (value === null ? "–" : `${Number(value.toFixed(1))} s`);

/**
 * @param {string} label
 * @param {() => void} onclick
 */
const zoomButton = (label, onclick) => h("button", { class: "board__toggle", type: "button", onclick }, label);
