/** How it went: every measure in a line with its trend, and one of them drawn large. */

import { h, setText } from "../dom.js";
import { against, overDays, walk } from "./audience.js";
import { key } from "./chart.js";
import { QUALITY, finding } from "./measures.js";
import { chart, section } from "./parts.js";
import { trend } from "./trend.js";

/** @typedef {import("./audience.js").Compared} Compared */
/** @typedef {import("./measures.js").Measure} Measure */

/** @param {Compared} shown */
export function quality(shown) {
  const drawing = chart();
  const known = QUALITY.filter(
    (measure) => measure.key !== "latency" || shown.drawn.some((day) => day.latency_ms !== null),
  );
  const title = h("h3", { class: "board__subtitle" });
  const about = h("p", { class: "board__finding" });
  const legend = h("div", {});
  const select = (/** @type {Measure} */ measure) => {
    for (const [index, row] of rows.entries()) {
      const chosen = known[index] === measure;
      row.setAttribute("aria-selected", String(chosen));
      row.tabIndex = chosen ? 0 : -1;
    }
    setText(title, measure.label);
    setText(about, [measure.about, finding(measure, shown.drawn)].join(" ").trim());
    const picture = { ...overDays(measure, shown), height: 300 };
    legend.replaceChildren(key(picture.lines));
    drawing.draw(picture);
  };
  const rows = known.map((measure) => line(measure, shown, () => select(measure)));
  const list = h(
    "div",
    { class: "board__ledger", role: "tablist", "aria-label": "How it went", "aria-orientation": "vertical" },
    ...rows,
  );
  list.addEventListener("keydown", (event) => walk(event, rows));
  const panel = h(
    "div",
    { class: "board__ledger-picture", role: "tabpanel", "aria-label": "Over the days" },
    h("div", { class: "board__head" }, title, h("div", { class: "board__tools" }, legend, drawing.toggle)),
    about,
    drawing.element,
  );
  const first = known.find((measure) => shown.drawn.some((day) => measure.of(day) !== null)) ?? known[0];
  if (first) select(first);
  return section("How it went", {}, h("div", { class: "board__split" }, list, panel));
}

/**
 * @param {Measure} measure
 * @param {Compared} shown
 * @param {() => void} chosen
 */
function line(measure, shown, chosen) {
  const { now, words, news } = against(measure, shown);
  return h(
    "button",
    { class: "board__line", type: "button", role: "tab", onclick: chosen },
    h("span", { class: "board__line-name" }, measure.label),
    trend(shown.drawn.map(measure.of)),
    h("span", { class: "board__line-value" }, measure.words(now)),
    h("span", { class: "board__news", "data-news": news }, words),
  );
}
