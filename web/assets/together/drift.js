/** How a stream that is ahead or behind is brought in step: by playing a little slower or faster, or by a leap. Pure. */

/** Beyond this it is not worth the wait. */
export const LEAP_S = 1;
/** Nobody hears a change of pitchless speed this small. */
const MOST = 0.05;
/** In step; what has begun to be made good is made good further than what is let be. */
const FINE_S = 0.02;
const GOOD_S = 0.008;
/** A drift of so many seconds is made good with all there is. */
const FULL_S = 0.06;
const STEP = 0.005;

/**
 * @param {number} driftS   positive when it is ahead
 * @param {boolean} steers  it is being corrected already
 * @returns {number | null} what its speed is multiplied by, null for a leap
 */
export function steering(driftS, steers) {
  const off = Math.abs(driftS);
  if (!(off <= LEAP_S)) return null;
  if (off < (steers ? GOOD_S : FINE_S)) return 1;
  const by = Math.min(1, off / FULL_S) * MOST;
  return 1 - Math.sign(driftS) * Math.max(STEP, Math.round(by / STEP) * STEP);
}
