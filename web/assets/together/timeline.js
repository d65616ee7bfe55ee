/** From each stream's own time to the one they share, and back. Pure. */

/**
 * A stretch of one stream that runs evenly in both times.
 *
 * @typedef {object} Piece
 * @property {number} atS      where it begins in the shared time
 * @property {number} localS   where it begins in the stream's own
 * @property {number} lengthS
 *
 * @typedef {{start: number, duration: number, programDateTime: number | null}} Dated  a fragment, as hls.js keeps it; its date in ms
 * @typedef {[number, number]} Range  of the shared time
 */

/** A clock that is off by less is the same clock: dates are rounded, and set by when a segment arrived. */
const SAME_S = 0.25;
/** Less than this is no gap that anybody would want to be told of: the picture before it stays. */
export const GAP_S = 1;

/**
 * A recording that knows no dates, begun so much later than the others.
 *
 * @param {number} durationS
 * @param {number} offsetS
 * @returns {Piece[]}
 */
export function begunAt(durationS, offsetS) {
  return durationS > 0 ? [{ atS: offsetS, localS: 0, lengthS: durationS }] : [];
}

/** @param {number[]} values  not empty */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Number(sorted[sorted.length >> 1]);
}

/**
 * By the dates of its fragments; where the encoder was away there is nothing. Dates tremble with the network the segments came
 * over, so the one in the middle counts for a whole piece.
 *
 * @param {Dated[]} fragments
 * @returns {Piece[]} empty when one has no date
 */
export function dated(fragments) {
  /** @type {{localS: number, lengthS: number, ahead: number[]}[]} */
  const pieces = [];
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) return [];
    const ahead = programDateTime / 1000 - start;
    const last = pieces.at(-1);
    if (last && Math.abs(ahead - Number(last.ahead[0])) < SAME_S) {
      last.lengthS = start + duration - last.localS;
      last.ahead.push(ahead);
    } else {
      pieces.push({ localS: start, lengthS: duration, ahead: [ahead] });
    }
  }
  return pieces.map(({ localS, lengthS, ahead }) => ({ atS: localS + median(ahead), localS, lengthS }));
}

/**
 * @param {Piece[]} pieces  in order
 * @param {number} atS
 * @returns {number | null} the stream's own time, null where it has nothing
 */
export function toLocal(pieces, atS) {
  const piece = pieces.findLast((one) => one.atS <= atS);
  if (!piece) return null;
  const into = atS - piece.atS;
  const follows = pieces.some((one) => one.atS > atS && one.atS - (piece.atS + piece.lengthS) < GAP_S);
  if (into < piece.lengthS) return piece.localS + into;
  return follows ? piece.localS + piece.lengthS : null;
}

/**
 * @param {Piece[]} pieces
 * @param {number} localS
 * @returns {number | null} the shared time, null without pieces
 */
export function toShared(pieces, localS) {
  const piece = pieces.findLast((one) => one.localS <= localS) ?? pieces[0];
  return piece ? piece.atS + localS - piece.localS : null;
}

/**
 * Where a stream has pictures.
 *
 * @param {Piece[]} pieces
 * @returns {Range[]}
 */
export function ranges(pieces) {
  /** @type {Range[]} */
  const found = [];
  for (const { atS, lengthS } of [...pieces].sort((a, b) => a.atS - b.atS)) {
    const last = found.at(-1);
    if (last && atS - last[1] < GAP_S) last[1] = Math.max(last[1], atS + lengthS);
    else found.push([atS, atS + lengthS]);
  }
  return found;
}

/**
 * From the first picture of any to the last.
 *
 * @param {Piece[][]} streams
 * @returns {Range} [0, 0] when there are none
 */
export function union(streams) {
  const all = streams.flatMap(ranges);
  if (!all.length) return [0, 0];
  return [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))];
}

/**
 * When the next picture of any of them comes, after a time without one.
 *
 * @param {Piece[][]} streams
 * @param {number} atS
 * @returns {number | null}
 */
export function nextBegin(streams, atS) {
  const later = streams.flatMap((pieces) => pieces.map((one) => one.atS)).filter((one) => one > atS);
  return later.length ? Math.min(...later) : null;
}
