/** The overview: what happened, against the time before; what is on now; what was watched most. */

import { h } from "../dom.js";
import * as session from "../session.js";
import { audience, compared } from "./audience.js";
import * as data from "./data.js";
import { bar, button, empty, message, section } from "./parts.js";
import { quality } from "./quality.js";
import { path, range } from "./route.js";
import { count, days, delay, plural, span } from "./words.js";

/** @typedef {import("./shapes.js").Overview} Overview */
/** @typedef {import("./route.js").Route} Route */

/** Blocks that stand in for it. */
export const SHAPE = ["figures", "chart", "title", "ledger"];
const LEAST_DAYS = 7;
/** More streams than that are on the board of their own. */
const MOST_LINES = 3;

/**
 * Load it and draw it.
 *
 * @param {Route} route
 * @returns {Promise<{title: string, facts: (Node | string)[], body: Node[]}>}
 */
export async function overview(route) {
  const asked = range(route.period, Date.now());
  const [report, earlier] = await Promise.all([
    data.overview(asked, route.owner),
    data.overview(asked.before, route.owner),
  ]);
  const whose = route.owner ?? (session.current()?.role === "admin" ? "everybody's recordings" : "");
  const facts = [days(report.from, report.to), onAir(report), ...(whose ? [whose] : [])];
  if (!report.totals.sessions && !report.before.sessions && !report.most_watched.length) {
    return { title: "Analytics", facts, body: [nothing()] };
  }
  const shown = compared(report, earlier.days, asked.words);
  const body = [...strip(report), audience(shown)];
  if (shown.drawn.some((day) => day.sessions)) body.push(quality(shown));
  else
    body.push(
      section(
        "How it went",
        {},
        empty(
          `Nobody watched in this time. ${asked.length < LEAST_DAYS ? "Choose more days to look further back." : ""}`,
        ),
      ),
    );
  body.push(mostWatched(report, route));
  return { title: "Analytics", facts, body };
}

const nothing = () =>
  message(
    "Nobody has watched yet",
    "Watch time, viewers and how well it played appear here a minute after somebody opens one of your recordings.",
    h("div", { class: "board__buttons" }, button("/", "Share a recording", "primary"), button("/studio", "Go live")),
  );

/** @param {Overview} report */
function onAir({ live_now: { streams, viewers } }) {
  const words = streams ? `${plural(streams, "stream")} live, ${plural(viewers, "viewer")}` : "Nothing live";
  return h(
    "a",
    { class: "board__air", href: path({ board: "live" }), "data-live": streams > 0 ? "true" : "false" },
    words,
  );
}

/**
 * What is on the air now, a line each.
 *
 * @param {Overview} report
 */
function strip({ live_now: { items } }) {
  if (!items.length) return [];
  const lines = items.slice(0, MOST_LINES).map(({ recording_id: id, title, viewers, latency_ms: latency }) => {
    const behind = latency === null ? "" : `${delay(latency)} behind the camera`;
    const facts = [`${count(viewers)} watching`, behind].filter(Boolean).join(", ");
    const link = h("a", { class: "board__row-link", href: path({ board: "recording", recording: id }) }, title || id);
    return h("li", { class: "board__strip-line" }, link, h("span", {}, facts));
  });
  return [h("ul", { class: "board__strip", "aria-label": "Live now" }, ...lines)];
}

/**
 * @param {Overview} report
 * @param {Route} route
 */
function mostWatched({ most_watched: items }, { period }) {
  if (!items.length)
    return section(
      "Most watched",
      {},
      empty("Recordings appear here in order of the time people spent on them, a minute after they were watched."),
    );
  const most = items[0]?.watch_s || 1;
  const rows = items.map(({ recording_id: id, title, watch_s: watchS, views }) =>
    h(
      "li",
      { class: "board__rank" },
      h("a", { class: "board__rank-title", href: path({ board: "recording", recording: id, period }) }, title || id),
      bar(watchS / most, ""),
      h("span", { class: "board__rank-value" }, span(watchS)),
      h("span", { class: "board__rank-note" }, plural(views, "view")),
    ),
  );
  return section(
    "Most watched",
    { text: "Since the beginning, by watch time." },
    h("ol", { class: "board__ranks" }, ...rows),
  );
}
