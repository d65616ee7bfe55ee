/** What the broadcaster should know of the way to the server, in numbers and words. Pure. */

import { bitrate } from "../format.js";

const WINDOW_MS = 15_000;

/**
 * @typedef {object} Sent
 * @property {number} atMs
 * @property {number} bytes
 * @property {number} durationS
 */

/** Segments sent lately. */
export class Sending {
  /** @type {Sent[]} */
  #sent = [];
  segments = 0;

  /** @param {Sent} sent */
  add(sent) {
    this.segments += 1;
    this.#sent.push(sent);
    this.#sent = this.#sent.filter(({ atMs }) => atMs > sent.atMs - WINDOW_MS);
  }

  /** What one second of the stream takes, 0 before the first. */
  get kbps() {
    const seconds = this.#sent.reduce((sum, { durationS }) => sum + durationS, 0);
    const bytes = this.#sent.reduce((sum, sent) => sum + sent.bytes, 0);
    return seconds ? (8 * bytes) / 1000 / seconds : 0;
  }
}

/**
 * How the broadcast goes: "good", "slow" while more waits than should, "away" while nothing goes through.
 *
 * @param {number} waitingS  seconds of media not sent yet
 * @param {boolean} troubled
 * @param {number} targetS
 */
export function conditionOf(waitingS, troubled, targetS) {
  if (troubled) return "away";
  return waitingS > 2 * targetS ? "slow" : "good";
}

/** @param {ReturnType<typeof conditionOf>} condition */
export function conditionWords(condition) {
  return {
    good: "Everything arrives.",
    slow: "The connection is slower than the picture needs.",
    away: "No connection. What you say is kept and sent as soon as there is one.",
  }[condition];
}

/**
 * @param {number} kbps
 * @param {number} segments
 * @param {number} waitingS
 * @param {number | null} viewers
 * @returns {[string, string][]}
 */
export function healthRows(kbps, segments, waitingS, viewers) {
  return [
    ["Bitrate", kbps ? bitrate(kbps) : "\u2013"],
    ["Sent", `${segments} segment${segments === 1 ? "" : "s"}`],
    ["Waiting", `${waitingS.toFixed(1)} s`],
    ["Watching", viewers === null ? "\u2013" : String(viewers)],
  ];
}
