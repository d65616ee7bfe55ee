/** From finished transfers to samples of the link: what it carried, and for how long. Pure. */

/** Bytes in one burst say nothing of a link: a body is never taken as shorter than this. */
const LEAST_BODY_MS = 10;
/** Less than this is gone before a connection has reached its speed. */
const LEAST_BITS = 8 * 4096;
/** A body that takes a smaller share of the request was gathered by a proxy on the way: the wait was the transfer. */
const BURST = 0.05;
/** As many transfers of the sound, and of other players, as can lie beside one of the picture. */
const KEPT = 64;

/**
 * One transfer; times as `performance.now()` gives them.
 *
 * @typedef {object} Transferred
 * @property {number} bits      of the body, so far
 * @property {number} startMs   of the request
 * @property {number} firstMs   first byte, 0 before it
 * @property {number} endMs     last byte, or now
 *
 * @typedef {object} Sample
 * @property {number} kbps      of the whole link
 * @property {number} seconds   the body took
 * @property {number} ttfbS
 */

/**
 * @param {{loaded: number, loading: {start: number, first: number, end: number}}} stats  hls.js's, of one fragment
 * @param {number} nowMs
 * @returns {Transferred}
 */
export function transferOf(stats, nowMs) {
  const { start, first, end } = stats.loading;
  return { bits: 8 * stats.loaded, startMs: start, firstMs: first, endMs: end || nowMs };
}

/**
 * Bits of another transfer that came while this one's body did; its bytes are taken as evenly spread.
 *
 * @param {Transferred} other
 * @param {number} fromMs
 * @param {number} toMs
 */
function bitsWithin(other, fromMs, toMs) {
  if (!other.firstMs) return 0;
  const shared = Math.min(other.endMs, toMs) - Math.max(other.firstMs, fromMs);
  if (!(shared > 0)) return 0;
  return other.bits * Math.min(1, shared / Math.max(LEAST_BODY_MS, other.endMs - other.firstMs));
}

/**
 * What the link carried during one transfer of the picture: its own bits and those of the sound beside it.
 *
 * @param {Transferred} transfer
 * @param {Transferred[]} others
 * @returns {Sample | null} null when it is too little to tell
 */
export function sampleOf(transfer, others) {
  const { bits, startMs, firstMs, endMs } = transfer;
  if (!firstMs || !(bits >= LEAST_BITS) || !(endMs >= firstMs) || !(firstMs >= startMs)) return null;
  const beginMs = endMs - firstMs < BURST * (endMs - startMs) ? startMs : firstMs;
  const bodyMs = Math.max(LEAST_BODY_MS, endMs - beginMs);
  const beside = others.reduce((sum, other) => sum + bitsWithin(other, beginMs, endMs), 0);
  return { kbps: (bits + beside) / bodyMs, seconds: bodyMs / 1000, ttfbS: (firstMs - startMs) / 1000 };
}

/** The last few transfers beside the picture's, those under way included: the sound's, and what other players load. */
export class Sound {
  /** @type {{loaded: number, loading: {start: number, first: number, end: number}}[]} */
  #stats = [];

  /** @param {{loaded: number, loading: {start: number, first: number, end: number}}} stats  watched from now on */
  add(stats) {
    this.#stats.push(stats);
    if (this.#stats.length > KEPT) this.#stats.shift();
  }

  /**
   * @param {number} nowMs
   * @returns {Transferred[]}
   */
  transfers(nowMs) {
    return this.#stats.map((stats) => transferOf(stats, nowMs));
  }
}
