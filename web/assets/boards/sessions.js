/** Sessions of a recording, newest first; each leads to what happened in it. */

import { h } from "../dom.js";
import * as data from "./data.js";
import { bar, empty, more, section, table, tableRow } from "./parts.js";
import { path } from "./route.js";
import { country, count, delay, moment, named, rate, share, span, who } from "./words.js";

/** @typedef {import("./shapes.js").Session} Session */

/** @type {import("./parts.js").Column[]} */
const COLUMNS = [
  { name: "Began", wide: true },
  { name: "Who" },
  { name: "Watched" },
  { name: "Start-up", number: true },
  { name: "Stalls", number: true },
  { name: "Bitrate", number: true },
  { name: "On" },
  { name: "How it went" },
];

/** @param {string} recording */
export async function sessionList(recording) {
  const first = await data.sessions(recording, null);
  if (!first.sessions.length) {
    return section(
      "Sessions",
      {},
      empty("Each time somebody opens the player a line is added here. They are kept for 13 months."),
    );
  }
  const list = table("Sessions, newest first", COLUMNS, first.sessions.map(cells));
  const next = more(first.next_cursor, async (cursor) => {
    const page = await data.sessions(recording, cursor);
    list.querySelector("tbody")?.append(...page.sessions.map((session) => tableRow(COLUMNS, cells(session))));
    return page.next_cursor;
  });
  return section(
    "Sessions",
    { text: "Newest first. Open one to see what happened in it, second by second." },
    list,
    next,
  );
}

/** @param {Session} session */
function cells(session) {
  const { recording_id: recording, session: id, started_at: began, ended_at: ended } = session;
  const part = session.completion;
  const watched = part === null || session.live ? span(session.watch_s) : `${span(session.watch_s)}, ${share(part)}`;
  const place = session.country && session.country !== "unknown" ? country(session.country) : "";
  return [
    h(
      "a",
      { class: "board__row-link", href: path({ board: "session", recording, session: id }) },
      moment(began),
      ended ? "" : " · on now",
    ),
    who(session),
    bar(part ?? 0, watched),
    delay(session.startup_ms),
    session.stalls ? `${count(session.stalls)}, ${span(session.stall_s)}` : "none",
    rate(session.mean_kbps),
    [session.device, session.network]
      .filter((name) => name && name !== "unknown")
      .map(named)
      .concat(place || [])
      .join(", ") || "–",
    verdict(session),
  ];
}

/**
 * In a word how a session went.
 *
 * @param {Session} session
 */
export function verdict({ failure, good, startup_ms: startup, watch_s: watchS, ended_at: ended }) {
  const [words, state] = failure
    ? ["Failed", "bad"]
    : good
      ? ["Well", "good"]
      : good === false
        ? ["Badly", "bad"]
        : ended && startup === null && !watchS
          ? ["Left before the start", "bad"]
          : ["Too short to say", "none"];
  return h("span", { class: "board__verdict", "data-state": state }, words);
}
