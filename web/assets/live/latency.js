/** How far behind a viewer is, in seconds and in words. Pure. */

import { clock } from "../format.js";

/** Messages that the server's clock is reckoned from. */
const KEPT = 16;

/** The server's clock, reckoned from the times at which it says to have sent something. */
export class ServerClock {
  /** @type {number[]} */
  #offsets = [];

  /**
   * @param {number} sentS      Unix seconds by the server's clock
   * @param {number} receivedS  Unix seconds by ours
   */
  hear(sentS, receivedS) {
    if (!Number.isFinite(sentS)) return;
    this.#offsets.push(receivedS - sentS);
    if (this.#offsets.length > KEPT) this.#offsets.shift();
  }

  /**
   * @param {number} ourS  Unix seconds by our clock
   * @returns {number} by the server's: the message that travelled fastest tells best
   */
  at(ourS) {
    return this.#offsets.length ? ourS - Math.min(...this.#offsets) : ourS;
  }
}

/**
 * Seconds from capture to screen, null while it cannot be told or makes no sense.
 *
 * @param {number | null} capturedS  Unix seconds of the picture shown
 * @param {number} nowS              Unix seconds on the same clock
 */
export function latencyS(capturedS, nowS) {
  if (capturedS === null) return null;
  const seconds = nowS - capturedS;
  return seconds >= 0 && seconds < 24 * 3600 ? seconds : null;
}

/**
 * True for a viewer who sees what is newest, as near as playing smoothly allows.
 *
 * @param {number} behindS   seconds between playhead and live edge
 * @param {number} wantedS   what the player aims at
 * @param {number} targetS   of one segment
 */
export function isLive(behindS, wantedS, targetS) {
  return behindS <= wantedS + 1.5 * targetS;
}

/**
 * True when nothing new has come for so long that the encoder must be away: the server's rule, and a moment more.
 *
 * @param {number} quietS
 * @param {number} targetS  of one segment
 */
export function isQuiet(quietS, targetS) {
  return quietS > 2 * targetS + 2;
}

/**
 * @param {number} behindS
 * @returns {string} −0:42
 */
export function behindWords(behindS) {
  return `\u2212${clock(Math.round(behindS))}`;
}

/**
 * @param {number} count
 * @returns {string} nobody else reads this: "1 watching", "1,204 watching"
 */
export function watchingWords(count) {
  return `${count.toLocaleString("en")} watching`;
}
