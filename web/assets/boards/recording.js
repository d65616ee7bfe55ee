/** One recording's board: how many, how far they watched, how it went for whom. */

import * as api from "../api.js";
import { h } from "../dom.js";
import { attendance } from "./attendance.js";
import { audience, compared } from "./audience.js";
import { groups, rungs } from "./breakdown.js";
import * as data from "./data.js";
import { chart, empty, message, section } from "./parts.js";
import { quality } from "./quality.js";
import { retention } from "./retention.js";
import { path, range } from "./route.js";
import { sessionList } from "./sessions.js";
import { ticking } from "./paint.js";
import { count, days, mean, moment, share, span, time } from "./words.js";

/** @typedef {import("./shapes.js").RecordingReport} RecordingReport */
/** @typedef {import("./route.js").Route} Route */
/** @typedef {import("./boards.js").Board} Board */

/** Whole numbers of people. */
const PEOPLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000];

/**
 * @param {Route} route
 * @returns {Promise<Board>}
 */
export async function recordingBoard(route) {
  const asked = range(route.period, Date.now());
  const calls = [data.recording(route.recording, asked)];
  if (route.part === "report") calls.push(data.recording(route.recording, asked.before));
  const [report, earlier] = await Promise.all(calls);
  if (!report) throw new Error("no answer");
  /** @type {Board} */
  const board = {
    title: report.recording.title || report.recording.id,
    up: ["/analytics", "Analytics"],
    facts: facts(report, route),
    body: [],
  };
  if (!report.all_time.sessions) board.body = [nothing(report)];
  else if (route.part === "sessions") board.body = [await sessionList(route.recording)];
  else if (route.part === "people") board.body = await people(route.recording, board);
  else board.body = await parts(report, compared(report, earlier?.days ?? [], asked.words));
  return board;
}

/**
 * @param {RecordingReport} report
 * @param {Route} route
 */
function facts({ recording: { id, duration_s: lengthS, live }, from, to }, { part }) {
  const watch = h("a", { href: `/watch/${encodeURIComponent(id)}` }, "Watch");
  const page = h("a", { href: `/recordings/${encodeURIComponent(id)}` }, "Recording");
  const length = live ? "Live" : lengthS ? span(lengthS) : "";
  return [part === "report" ? days(from, to) : "", length, watch, page].filter((fact) => fact !== "");
}

/**
 * Who watched it, and the way to everybody who watched what belongs together with it.
 *
 * @param {string} id
 * @param {Board} board
 */
async function people(id, board) {
  const [list, { room_id: room }] = await Promise.all([attendance({ recording: id }), api.recording(id)]);
  if (room) board.facts.push(h("a", { href: path({ board: "room", room }) }, `Everybody in ${room}`));
  return [list];
}

/** @param {RecordingReport} report */
const nothing = ({ recording: { id } }) =>
  message(
    "Nobody has watched this yet",
    "How many watched, how far they got and how well it played appear here a minute after the first view.",
    h("a", { class: "button button--primary", href: `/recordings/${encodeURIComponent(id)}` }, "Share it"),
  );

/**
 * @param {RecordingReport} report
 * @param {import("./audience.js").Compared} shown
 */
async function parts(report, shown) {
  const watched = shown.drawn.some((day) => day.sessions);
  return [
    audience(shown),
    ...(report.slots?.length ? [hours(report.slots)] : []),
    await retention(report),
    allTime(report),
    watched ? quality(shown) : section("How it went", {}, empty("Nobody watched on these days. Choose more of them.")),
    ...(report.totals.sessions ? [groups(report), rungs(report)] : []),
  ];
}

/**
 * Who was there, in steps of five minutes.
 *
 * @param {{at: string, viewers: number}[]} slots
 */
function hours(slots) {
  const drawing = chart();
  const xs = slots.map((slot) => Date.parse(slot.at) / 1000);
  const [from, to] = [xs[0] ?? 0, xs.at(-1) ?? 1];
  const iso = (/** @type {number} */ at) => new Date(1000 * at).toISOString();
  const most = slots.reduce((one, other) => (other.viewers > one.viewers ? other : one), { at: "", viewers: 0 });
  const text = most.viewers ? `The most at ${time(most.at)}: ${mean(most.viewers)} on average in five minutes.` : "";
  const picture = {
    label: "Viewers at the same time, in steps of five minutes",
    height: 200,
    xs,
    x: {
      name: "Time",
      words: (/** @type {number} */ at) => moment(iso(at)),
      short: (/** @type {number} */ at) => time(iso(at)),
      ticks: (/** @type {number} */ most) => ticking(from, to, most),
      range: /** @type {[number, number]} */ ([from, Math.max(to, from + 1)]),
    },
    lines: [
      {
        label: "Viewers",
        kind: /** @type {const} */ ("area"),
        colour: "--river",
        values: slots.map((slot) => slot.viewers),
        words: mean,
      },
    ],
    words: count,
    steps: PEOPLE,
    least: 1,
  };
  drawing.draw(picture);
  return section("At the same time", { text, tools: [drawing.toggle] }, drawing.element);
}

/** @param {RecordingReport} report */
function allTime({ all_time: all, retention: curve, recording: { duration_s: lengthS } }) {
  const reach = curve?.length ? curve.reduce((sum, part) => sum + part, 0) / curve.length : null;
  const again = all.viewers ? all.views / all.viewers : null;
  /** @type {[string, string, string][]} */
  const rows = [
    ["Viewers", count(all.viewers), "different people or browsers"],
    ["Views", count(all.views), `of ${count(all.sessions)} sessions that were opened`],
    ["Views a viewer", again === null ? "–" : again.toFixed(1), "how often they came back"],
    ["Watch time", span(all.watch_s), all.views ? `${span(all.watch_s / all.views)} a view` : ""],
    [
      "Watched of it",
      share(reach),
      lengthS && reach !== null ? `${span(reach * lengthS)} of ${span(lengthS)}, on average` : "",
    ],
  ];
  const list = h(
    "dl",
    { class: "board__facts-list" },
    ...rows.map(([name, value, note]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "board__note" }, note)),
    ),
  );
  return section("Engagement", { text: "Since the beginning." }, list);
}
