/** How far each rung can be played while it still encodes, and which rungs may therefore be chosen. Pure. */

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {import("./types.js").Rendition} Rendition */

/**
 * @typedef {object} Rung
 * @property {number} index   among the player's levels, lowest first
 * @property {number} reachS  seconds from the start that can be played, Infinity when finished
 */

/** Segments that must be ready beyond the buffer before a rung is entered, and for staying on it. */
export const ENTER_SEGMENTS = 3;
export const STAY_SEGMENTS = 1;

/** A playlist's end may differ from the planned duration by less than a frame or two. */
const END_TOLERANCE_S = 0.2;

/**
 * @param {Rendition} rendition
 * @param {number} durationS  of the recording
 * @returns {number} seconds, Infinity when the rendition is finished
 */
export function reachOf(rendition, durationS) {
  const { available_s: available, status } = rendition;
  const whole = status === "completed" || (available > 0 && available >= durationS - END_TOLERANCE_S);
  return whole ? Number.POSITIVE_INFINITY : available;
}

/**
 * How far anything at all can be played: the furthest video rung, but no further than the audio.
 *
 * @param {Progress} progress
 * @returns {number} seconds, Infinity when it is all there
 */
export function playableReach(progress) {
  const reaches = (/** @type {"video" | "audio"} */ kind) =>
    progress.renditions.filter((r) => r.kind === kind).map((r) => reachOf(r, progress.duration_s));
  const video = reaches("video");
  const audio = reaches("audio");
  return Math.min(
    video.length ? Math.max(...video) : Number.POSITIVE_INFINITY,
    audio.length ? Math.max(...audio) : Number.POSITIVE_INFINITY,
  );
}

/**
 * Which rungs may be loaded next. Entering one takes more headroom than staying, so the player does not flutter
 * around a rung's edge. When none has headroom, the one that reaches furthest is left, the current one on a tie.
 *
 * @param {Rung[]} rungs          lowest first, not empty
 * @param {number} bufferedEndS   where the next segment will start
 * @param {number} current        index of the rung in use, -1 before the first
 * @param {number} segmentS
 * @returns {number[]} indices, lowest first, never empty
 */
export function allowedRungs(rungs, bufferedEndS, current, segmentS) {
  const allowed = rungs.filter(({ index, reachS }) => {
    const segments = index === current ? STAY_SEGMENTS : ENTER_SEGMENTS;
    return reachS >= bufferedEndS + segments * segmentS;
  });
  if (allowed.length) return allowed.map((rung) => rung.index);
  const furthest = Math.max(...rungs.map((rung) => rung.reachS));
  const best = rungs.filter((rung) => rung.reachS === furthest);
  return [(best.find((rung) => rung.index === current) ?? /** @type {Rung} */ (best[0])).index];
}

/**
 * The allowed rung nearest to the one wanted: the highest not above it, else the lowest there is.
 *
 * @param {number[]} allowed  indices, lowest first, not empty
 * @param {number} wanted
 */
export function nearestAllowed(allowed, wanted) {
  return allowed.filter((index) => index <= wanted).at(-1) ?? /** @type {number} */ (allowed[0]);
}
