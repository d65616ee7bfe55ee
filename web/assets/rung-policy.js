/** Decides which rungs may be loaded next: the viewer's choice or the bandwidth's, within what is encoded so far. */

import { allowedRungs, nearestAllowed, reachOf } from "./availability.js";

/** @typedef {import("./types.js").Progress} Progress */

/**
 * What the player knows at the moment of the question.
 *
 * @typedef {object} PlayerView
 * @property {string[]} levelIds    rendition ids, lowest rung first
 * @property {number} current       index last loaded, -1 before the first segment
 * @property {number} bufferedEndS  where the next segment starts
 */

export class RungPolicy {
  /** @type {Progress | null} */
  #progress = null;
  /** Rendition id the viewer asked for, null for automatic. @type {string | null} */
  pinned = null;

  /** @param {Progress} progress */
  update(progress) {
    this.#progress = progress;
  }

  /**
   * @param {PlayerView} view
   * @returns {number[]} indices of the rungs that may be loaded, lowest first; all while nothing is known
   */
  allowed({ levelIds, bufferedEndS, current }) {
    const progress = this.#progress;
    if (!progress || !levelIds.length) return levelIds.map((_, index) => index);
    const rungs = levelIds.map((id, index) => {
      const rendition = progress.renditions.find((candidate) => candidate.id === id);
      // a rung the job does not know was encoded by an earlier one: it is whole
      return { index, reachS: rendition ? reachOf(rendition, progress.duration_s) : Number.POSITIVE_INFINITY };
    });
    return allowedRungs(rungs, bufferedEndS, current, progress.segment_s);
  }

  /**
   * @param {number} suggestion  what would be taken if everything were encoded and nobody had chosen
   * @param {PlayerView} view
   * @returns {number} index of the rung to load
   */
  nextLevel(suggestion, view) {
    const allowed = this.allowed(view);
    if (!allowed.length) return suggestion;
    const pinned = this.pinned === null ? -1 : view.levelIds.indexOf(this.pinned);
    return nearestAllowed(allowed, pinned >= 0 ? pinned : suggestion);
  }
}
