/**
 * How long was played, and what of the recording. The picture's own place tells, wherever an event comes by: timers of a page that
 * nobody sees are late, the place is not.
 */

/** Ranges that touch within this are one. */
const TOUCHING_S = 0.01;

/** @typedef {[number, number]} Range  from and to, in seconds of the timeline */

/**
 * Sorted, and those that touch made one.
 *
 * @param {Range[]} ranges
 * @returns {Range[]}
 */
export function merged(ranges) {
  /** @type {Range[]} */
  const found = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && from <= last[1] + TOUCHING_S) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

export class WatchTime {
  /** Where the picture was when last looked at, null while that says nothing. @type {number | null} */
  #atS = null;
  #lookedMs = 0;
  #moves = false;
  #rate = 1;
  #playedMs = 0;
  /** Not taken yet. @type {Range[]} */
  #seen = [];

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.#rate = video.playbackRate;
    for (const name of ["timeupdate", "playing", "waiting", "pause", "ended"]) video.addEventListener(name, () => this.look());
    video.addEventListener("ratechange", () => {
      this.look();
      this.#rate = video.playbackRate;
    });
    video.addEventListener("seeking", () => this.#leave());
    video.addEventListener("emptied", () => this.#stand(null));
  }

  /** Milliseconds of a person's time with a picture that moves; at twice the speed it is half of what was played. */
  get ms() {
    this.look();
    return Math.round(this.#playedMs);
  }

  /**
   * What was played since it was last taken, in whole milliseconds of the timeline; what is more than `most` stays for later.
   *
   * @param {number} most  ranges
   * @returns {Range[]}
   */
  take(most) {
    this.look();
    const ranges = merged(this.#seen);
    this.#seen = ranges.slice(most);
    return ranges
      .slice(0, most)
      .map(([from, to]) => /** @type {Range} */ ([Math.round(1000 * from), Math.round(1000 * to)]))
      .filter(([from, to]) => to > from);
  }

  /** Take note of how far it has come. */
  look() {
    const { video } = this;
    if (video.seeking) return;
    const at = video.currentTime;
    if (this.#atS !== null && at > this.#atS) this.#add(this.#atS, at);
    this.#stand(at);
    this.#moves = !video.paused && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  /** A seek has begun: what was played up to it stands in the ranges that the browser keeps. */
  #leave() {
    const { video } = this;
    const from = this.#atS;
    if (from !== null && this.#moves) {
      const mostS = (this.#rate * (performance.now() - this.#lookedMs)) / 1000;
      const until = this.#playedFrom(from);
      if (until > from && mostS > 0) this.#add(from, Math.min(until, from + mostS));
    }
    this.#stand(video.currentTime);
    this.#moves = false;
  }

  /** @param {number} fromS */
  #playedFrom(fromS) {
    const { played } = this.video;
    for (let n = 0; n < played.length; n += 1) {
      if (played.start(n) <= fromS + TOUCHING_S && played.end(n) > fromS) return played.end(n);
    }
    return fromS;
  }

  /** @param {number | null} atS */
  #stand(atS) {
    this.#atS = atS;
    this.#lookedMs = performance.now();
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #add(from, to) {
    this.#playedMs += (1000 * (to - from)) / (this.#rate > 0 ? this.#rate : 1);
    const last = this.#seen.at(-1);
    if (last && from >= last[0] && from <= last[1] + TOUCHING_S) last[1] = Math.max(last[1], to);
    else this.#seen.push([from, to]);
  }
}
