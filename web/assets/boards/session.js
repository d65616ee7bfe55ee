/** One session: what it came to, what happened in it, and why it stood still. */

import { h } from "../dom.js";
import { clock } from "../format.js";
import * as data from "./data.js";
import { empty, section } from "./parts.js";
import { path } from "./route.js";
import { verdict } from "./sessions.js";
import { Timeline } from "./timeline.js";
import { country, delay, moment, named, plural, rate, score, share, span, who } from "./words.js";

/** @typedef {import("./shapes.js").SessionReport} SessionReport */

/**
 * @param {import("./route.js").Route} route
 * @returns {Promise<import("./boards.js").Board>}
 */
export async function sessionBoard(route) {
  const report = await data.session(route.recording, route.session);
  const { recording } = report;
  return {
    title: `${who(report)}, ${moment(report.started_at)}`,
    up: [path({ board: "recording", recording: recording.id, part: "sessions" }), recording.title || recording.id],
    facts: [verdict(report), ...where(report)],
    body: [figures(report), ...what(report)],
  };
}

/** @param {SessionReport} report */
function where({ device, network, country: land, live, ended_at: ended, failure }) {
  const known = [device, network].filter((name) => name && name !== "unknown").map(named);
  const place = land && land !== "unknown" ? [country(land)] : [];
  return [[...known, ...place].join(", "), live ? "Live" : "", ended ? "" : "Going on now", failure ?? ""].filter(
    Boolean,
  );
}

/** @param {SessionReport} report */
function figures(report) {
  const { watch_s: watchS, stall_s: stalledS, completion, live } = report;
  const still = watchS + stalledS > 0 ? stalledS / (watchS + stalledS) : null;
  /** @type {[string, string, string][]} */
  const all = [
    ["Watched", span(watchS), live || completion === null ? "" : `${share(completion)} of the recording`],
    ["Start-up", delay(report.startup_ms), report.startup_ms === null ? "no first picture" : "until the first picture"],
    [
      "Stood still",
      report.stalls ? span(stalledS) : "never",
      report.stalls ? `${plural(report.stalls, "time")}, ${share(still)} of the time` : "",
    ],
    ["Bitrate", rate(report.mean_kbps), plural(report.switches, "switch", "switches")],
    live ? ["Behind the camera", delay(report.latency_ms), ""] : ["QoE score", score(report.qoe), ""],
  ];
  const parts = all.map(([name, value, note]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "board__note" }, note)),
  );
  return h("dl", { class: "board__facts-list board__facts-list--sheet" }, ...parts);
}

/** @param {SessionReport} report */
function what(report) {
  if (!report.timeline.length) {
    return [
      section(
        "What happened",
        {},
        empty("Single events are kept for 30 days. What the session came to is kept longer, and stands above."),
      ),
    ];
  }
  const timeline = new Timeline(report);
  const text = report.truncated ? "The session was too long to draw whole; this is its beginning." : "";
  return [section("What happened", { text }, timeline.element), why(report, timeline)];
}

/**
 * @param {SessionReport} report
 * @param {Timeline} timeline
 */
function why({ why: reasons }, timeline) {
  if (!reasons.length) return section("Why it stood still", {}, empty("It never did."));
  const rows = reasons.map(({ at_ms: at, stall_ms: stalled, text }) => {
    const show = () => timeline.point(at);
    const button = h(
      "button",
      { class: "board__why", type: "button", onclick: show, onfocus: show, onmouseenter: show },
      h("b", {}, clock((at - stalled) / 1000)),
      h("span", { class: "board__why-long" }, delay(stalled)),
      h("span", {}, text),
    );
    return { at, button };
  });
  timeline.addEventListener("stall", (event) => {
    const { detail } = /** @type {CustomEvent<number | null>} */ (event);
    for (const { at, button } of rows) {
      const current = detail !== null && Math.abs(at - detail) <= 1;
      if (current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  });
  return section(
    "Why it stood still",
    {},
    h("ol", { class: "board__whys" }, ...rows.map(({ button }) => h("li", {}, button))),
  );
}
