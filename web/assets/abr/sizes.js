/** How many bits the next segment has on each rung: from the playlists where they are loaded, else reckoned. Pure. */

/** A segment is the next one when this much of it is not there yet. */
const TOLERANCE_S = 0.1;
/** Pictures that cost much cost much on every rung, but a rung's own limits bound it. */
const LEAST_RATIO = 0.5;
const MOST_RATIO = 1.6;

/**
 * @typedef {object} SizedFragment  as hls.js keeps them
 * @property {number} start         seconds
 * @property {number} duration
 * @property {number | null} byteLength
 */

/**
 * The first fragment that reaches beyond `atS`; playlists are in order, so it is found by halving.
 *
 * @template {SizedFragment} F
 * @param {F[]} fragments
 * @param {number} atS
 * @returns {F | null}
 */
export function fragmentAt(fragments, atS) {
  let low = 0;
  let high = fragments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { start, duration } = /** @type {F} */ (fragments[middle]);
    if (start + duration > atS + TOLERANCE_S) high = middle;
    else low = middle + 1;
  }
  return fragments[low] ?? null;
}

/**
 * Bits of the next segment, one number a rung, sound included. A rung whose playlist is not here yet is reckoned from
 * its nominal rate and from how the same segment compares to nominal on the nearest rung that is known.
 *
 * @param {{kbps: number, fragments: SizedFragment[] | null}[]} rungs  lowest first
 * @param {number} atS         where the segment begins
 * @param {number} segmentS    for those that are reckoned
 * @param {number} soundKbps   loaded beside the picture
 * @returns {number[]}
 */
export function nextSizes(rungs, atS, segmentS, soundKbps) {
  const known = rungs.map(({ fragments }) => (fragments ? fragmentAt(fragments, atS) : null));
  const ratios = rungs.map(({ kbps }, index) => {
    const fragment = known[index];
    return fragment?.byteLength ? (8 * fragment.byteLength) / (1000 * kbps * fragment.duration) : null;
  });
  const lasting = known.find((fragment) => fragment)?.duration ?? segmentS;
  return rungs.map(({ kbps }, index) => {
    const ratio = ratios[index] ?? Math.min(MOST_RATIO, Math.max(LEAST_RATIO, nearest(ratios, index) ?? 1));
    return 1000 * lasting * (kbps * ratio + soundKbps);
  });
}

/**
 * @param {(number | null)[]} values
 * @param {number} index
 * @returns {number | null} the value nearest to the index, the lower one on a tie
 */
function nearest(values, index) {
  for (let distance = 1; distance < values.length; distance += 1) {
    const value = values[index - distance] ?? values[index + distance];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
