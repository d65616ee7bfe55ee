/** How many and how long: figures, of which one is drawn over the days. */

import { h, setText } from "../dom.js";
import { key } from "./chart.js";
import { AUDIENCE, change, finding, overall } from "./measures.js";
import { spread } from "./paint.js";
import { chart } from "./parts.js";
import { day, shortDay } from "./words.js";

/** @typedef {import("./shapes.js").Report} Report */
/** @typedef {import("./shapes.js").Day} Day */
/** @typedef {import("./measures.js").Measure} Measure */

/**
 * @param {Day[]} days
 * @returns {import("./paint.js").Axis}
 */
export const dayAxis = (days) => ({
  name: "Day",
  words: (at) => day(days[Math.round(at)]?.day ?? ""),
  short: (at) => shortDay(days[Math.round(at)]?.day ?? ""),
  ticks: (most) => spread(days.length, most),
  range: days.length > 1 ? [-0.5, days.length - 0.5] : [-1.5, 1.5],
});

/**
 * A period beside the time before it.
 *
 * @typedef {object} Compared
 * @property {Report} report
 * @property {Day[]} before  the same number of days
 * @property {Day[]} drawn   more days than the report's where that is a single one
 * @property {string} words  what the time before is called
 */

/**
 * @param {Report} report
 * @param {Day[]} earlier  days until the report's first
 * @param {string} words
 * @returns {Compared}
 */
export function compared(report, earlier, words) {
  const length = report.days.length;
  const drawn = length === 1 ? [...earlier, ...report.days] : report.days;
  return { report, before: earlier.slice(-length), drawn, words };
}

/**
 * @param {Measure} measure
 * @param {Compared} compared
 * @returns {import("./paint.js").Picture}
 */
export function overDays(measure, { before, drawn: days, words, report }) {
  const values = days.map(measure.of);
  const common = { kind: measure.kind, colour: "--river", words: measure.words };
  /** @type {import("./paint.js").Line[]} */
  const lines = [{ ...common, label: measure.label, values }];
  if (report.days.length === 1 && days.length > 1 && measure.kind === "bars") {
    const last = days.length - 1;
    const part = (/** @type {boolean} */ today) =>
      values.map((value, index) => ((index === last) === today ? value : null));
    lines.splice(
      0,
      1,
      { ...common, label: "Today", values: part(true) },
      { ...common, label: "Days before", faint: true, values: part(false) },
    );
  }
  if (before.length === days.length && before.some((day) => day.sessions)) {
    const kind = measure.kind === "bars" ? "marks" : "line";
    const label = words.charAt(0).toUpperCase() + words.slice(1);
    lines.push({
      label,
      kind,
      faint: true,
      colour: "--ink-soft",
      values: before.map(measure.of),
      words: measure.words,
    });
  }
  return {
    label: `${measure.label} by day`,
    height: 260,
    xs: days.map((_, index) => index),
    x: dayAxis(days),
    lines,
    words: measure.words,
    steps: measure.steps,
    top: measure.top,
    least: measure.least,
    close: measure.kind === "line",
  };
}

/** @param {Compared} shown */
export function audience(shown) {
  const drawing = chart();
  const said = h("p", { class: "board__finding" });
  const legend = h("div", {});
  const tabs = AUDIENCE.map((measure) => figure(measure, shown, () => select(measure)));
  const select = (/** @type {Measure} */ measure) => {
    const picture = overDays(measure, shown);
    for (const [index, tab] of tabs.entries()) {
      const chosen = AUDIENCE[index] === measure;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    setText(said, [measure.about, finding(measure, shown.drawn)].join(" ").trim());
    legend.replaceChildren(key(picture.lines));
    drawing.draw(picture);
  };
  const list = h("div", { class: "board__figures", role: "tablist", "aria-label": "Audience" }, ...tabs);
  list.addEventListener("keydown", (event) => walk(event, tabs));
  const panel = h(
    "div",
    { class: "board__panel", role: "tabpanel", "aria-label": "Over the days" },
    h("div", { class: "board__head" }, said, h("div", { class: "board__tools" }, legend, drawing.toggle)),
    drawing.element,
  );
  const first = AUDIENCE[0];
  if (first) select(first);
  return h("div", { class: "board__sheet" }, list, panel);
}

/**
 * A period's number, and how it compares; a day that is not over is not held against a whole one.
 *
 * @param {Measure} measure
 * @param {Compared} shown
 */
export function against(measure, { report, before }) {
  const now = overall(measure, report.totals, report.days);
  const then = overall(measure, report.before, before);
  if (report.days.length > 1 || measure.kind === "line") return { now, ...change(measure, now, then) };
  return { now, words: then === null ? "" : `yesterday ${measure.words(then)}`, news: "none" };
}

/**
 * @param {Measure} measure
 * @param {Compared} shown
 * @param {() => void} chosen
 */
function figure(measure, shown, chosen) {
  const { now, words, news } = against(measure, shown);
  return h(
    "button",
    { class: "board__figure", type: "button", role: "tab", onclick: chosen },
    h("span", { class: "board__figure-name" }, measure.label),
    h("span", { class: "board__figure-value" }, measure.words(now)),
    h("span", { class: "board__news", "data-news": news }, words || "\u00a0"),
  );
}

/**
 * Arrows choose among tabs.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} tabs
 */
export function walk(event, tabs) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const at = tabs.findIndex((tab) => tab === document.activeElement);
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
}
