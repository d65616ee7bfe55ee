/** Follows one recording's progress until nothing more will change. */

import * as api from "./api.js";

/** @typedef {import("./types.js").Progress} Progress */

const WAITING_MS = 500; // before the first picture every half second counts
const ENCODING_MS = 1000;
const UPLOADING_MS = 2000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15000;

/**
 * Nothing more will change by itself. A job that completed settles only once the recording says it can be played:
 * the two are written one after the other. A recording that is ready may be encoding further rungs.
 *
 * @param {Progress} progress
 */
export function isSettled(progress) {
  if (progress.recording_status === "errored") return true;
  if (progress.recording_status === "waiting" || progress.recording_status === "live") return false;
  // A cancel is written to the job first, then the recording becomes errored or, with its playlists ended, playable.
  if (progress.status === "cancelled" && progress.recording_status === "processing") return false;
  return ["failed", "cancelled"].includes(progress.status) || (progress.status === "completed" && progress.playable);
}

/**
 * How long to wait before asking again.
 *
 * @param {Progress} progress
 * @returns {number} milliseconds
 */
export function pollDelay(progress) {
  if (progress.recording_status === "uploading" || progress.recording_status === "waiting") return UPLOADING_MS;
  return progress.playable ? ENCODING_MS : WAITING_MS;
}

/**
 * @param {number} failures  in a row, from 1
 * @returns {number} milliseconds, doubling
 */
export function retryDelay(failures) {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}

export class ProgressFeed {
  /** What was answered last. @type {Progress | null} */
  last = null;
  #failures = 0;
  #stopped = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => Promise<Progress>} fetchProgress
   * @param {(progress: Progress) => void} onProgress
   * @param {(error: api.ApiError) => void} onRefused  a final answer: the feed has stopped
   * @param {(reachable: boolean) => void} onReachable  the server went away or came back
   */
  constructor(fetchProgress, onProgress, onRefused, onReachable) {
    this.fetchProgress = fetchProgress;
    this.onProgress = onProgress;
    this.onRefused = onRefused;
    this.onReachable = onReachable;
  }

  /** Ask now, and go on until the recording has settled; asking twice is harmless. */
  start() {
    clearTimeout(this.#timer);
    this.#stopped = false;
    void this.#ask();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #ask() {
    try {
      const progress = await this.fetchProgress();
      if (this.#stopped) return;
      if (this.#failures) this.onReachable(true);
      this.#failures = 0;
      this.last = progress;
      if (isSettled(progress)) this.stop();
      else this.#again(pollDelay(progress));
      this.onProgress(progress);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (!this.#stopped) this.#failed(error);
    }
  }

  /** @param {api.ApiError} error */
  #failed(error) {
    if (!error.transient) {
      this.stop();
      this.onRefused(error);
      return;
    }
    this.#failures += 1;
    if (this.#failures === 2) this.onReachable(false); // one lost answer is not worth a word
    this.#again(Math.max(retryDelay(this.#failures), error.retryAfterS * 1000));
  }

  /** @param {number} delayMs */
  #again(delayMs) {
    this.#timer = setTimeout(() => void this.#ask(), delayMs);
  }
}
