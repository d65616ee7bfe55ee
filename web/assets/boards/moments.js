/** What a session told, as points of its timeline and in words. Pure. */

import { clock } from "../format.js";
import { decimal, delay, rate } from "./words.js";

/** @typedef {import("./shapes.js").Moment} Moment */
/** @typedef {import("./shapes.js").Why} Why */
/** @typedef {{from: number, to: number, kind: "stall" | "pause"}} Band  seconds from the session's start */

/** Two things at once are two points all the same. */
const APART_S = 0.001;

/**
 * When a stall began, which players tell of when it is over: the buffer was empty then.
 *
 * @param {Moment} moment
 * @returns {Moment[]}
 */
function withBegin(moment) {
  const { kind, at_ms: at, stall_ms: stalled = 0 } = moment;
  return kind === "stall" && stalled
    ? [{ at_ms: Math.max(0, at - stalled), kind: "dry", buffer_s: 0 }, moment]
    : [moment];
}

/**
 * Moments in their order, none at the same time as another.
 *
 * @param {Moment[]} timeline
 * @returns {{xs: number[], moments: Moment[]}}
 */
export function points(timeline) {
  const moments = timeline.flatMap(withBegin).toSorted((one, other) => one.at_ms - other.at_ms);
  let last = -1;
  const xs = moments.map(({ at_ms: at }) => (last = Math.max(at / 1000, last + APART_S)));
  return { xs, moments };
}

/**
 * When the picture stood still: for want of data, or because somebody paused it.
 *
 * @param {Moment[]} moments
 * @param {number} endS
 * @returns {Band[]}
 */
export function bands(moments, endS) {
  /** @type {Band[]} */
  const found = [];
  let paused = -1;
  for (const { kind, at_ms: at, stall_ms: stalled = 0 } of moments) {
    const second = at / 1000;
    if (kind === "stall") found.push({ kind, from: Math.max(0, second - stalled / 1000), to: second });
    if (kind === "pause" && paused < 0) paused = second;
    if (paused >= 0 && (kind === "resume" || kind === "end")) {
      found.push({ kind: "pause", from: paused, to: second });
      paused = -1;
    }
  }
  if (paused >= 0) found.push({ kind: "pause", from: paused, to: endS });
  return found;
}

/** @type {Record<string, string>} */
const WORDS = {
  join: "The player opened",
  start: "First picture",
  segment: "Segment fetched",
  abandon: "Segment given up for another rung",
  switch: "Another rung is shown",
  seek: "Jumped",
  pause: "Paused",
  resume: "Went on",
  dry: "The picture stopped,",
  error: "Error",
  end: "Over",
};

/**
 * One moment in words.
 *
 * @param {Moment} moment
 * @param {string} [why]  of a stall
 */
export function words(
  { kind, throughput_kbps: got, buffer_s: bufferS, rung, stall_ms: stalled, pt_s: place, code },
  why = "",
) {
  if (kind === "stall") return `Stood still for ${delay(stalled)}${why ? `. ${why}` : ""}`;
  const facts = [
    kind === "seek" && place !== undefined ? `to ${clock(place)}` : "",
    got === undefined ? "" : `at ${rate(got)}`,
    (kind === "segment" || kind === "switch" || kind === "abandon") && rung ? rung : "",
    bufferS === undefined ? "" : bufferS === 0 ? "nothing in the buffer" : `${decimal(bufferS)} s in the buffer`,
    code ?? "",
  ].filter(Boolean);
  return [WORDS[kind] ?? kind, facts.join(", ")].filter(Boolean).join(" ");
}

/**
 * The reason of the stall that ended then.
 *
 * @param {Why[]} reasons
 * @param {number} atMs
 */
export const reasonAt = (reasons, atMs) => reasons.find((why) => Math.abs(why.at_ms - atMs) <= 1);
