/** Notices that a rung's pictures are dropped because the device cannot keep up with them. Pure. */

/** One look: as many pictures as make a share of them mean something. */
const LEAST_FRAMES = 90;
/** More than this is seen as jerking, and a machine that is busy for a moment stays below it. */
const TOO_MANY = 0.3;
/** In a row, so that a page loading beside us does not count. */
const LOOKS = 3;
/** A rung that was too much is tried again after this; each time it takes twice as long. */
const FIRST_PENALTY_MS = 60_000;
const MOST_PENALTY_MS = 960_000;

export class DropWatch {
  #level = -1;
  #bad = 0;
  #total = 0;
  #dropped = 0;
  #penaltyMs = FIRST_PENALTY_MS;
  #avoided = Number.POSITIVE_INFINITY;
  #untilMs = 0;

  /**
   * @param {{total: number, dropped: number}} frames  counters of the video element
   * @param {number} level    on screen, -1 when it should not be judged (paused, hidden, faster than normal)
   * @param {number} nowMs
   */
  feed(frames, level, nowMs) {
    if (level !== this.#level || frames.total < this.#total) {
      this.#level = level;
      this.#bad = 0;
      this.#mark(frames);
      return;
    }
    const shown = frames.total - this.#total;
    if (level < 0 || shown < LEAST_FRAMES) return;
    const share = (frames.dropped - this.#dropped) / shown;
    this.#mark(frames);
    this.#bad = share > TOO_MANY ? this.#bad + 1 : 0;
    if (this.#bad >= LOOKS && level > 0) this.#avoid(level, nowMs);
  }

  /**
   * @param {number} nowMs
   * @returns {number} the highest rung that may be loaded, Infinity when nothing is wrong
   */
  top(nowMs) {
    return nowMs < this.#untilMs ? this.#avoided - 1 : Number.POSITIVE_INFINITY;
  }

  /** @param {{total: number, dropped: number}} frames */
  #mark({ total, dropped }) {
    this.#total = total;
    this.#dropped = dropped;
  }

  /**
   * @param {number} level
   * @param {number} nowMs
   */
  #avoid(level, nowMs) {
    this.#avoided = nowMs < this.#untilMs ? Math.min(level, this.#avoided) : level;
    this.#untilMs = nowMs + this.#penaltyMs;
    this.#penaltyMs = Math.min(MOST_PENALTY_MS, 2 * this.#penaltyMs);
    this.#bad = 0;
  }
}
