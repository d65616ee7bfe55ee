/**
 * What is known of a viewer's link: a fast level, a slow one, how much it jumps, how far away the server is. The twin of
 * `chalicelib/domain/abr/link.py`, operation by operation; the trained tables hold for these constants alone.
 */

import { exp, log } from "./elementary.js";

/** @typedef {import("./engine.js").Link} Link */
/** @typedef {import("./engine.js").Prior} Prior */

const FAST = 0.6;
const SLOW = 0.2;
const JUMP = 0.12;
const DEFAULT_KBPS = 1500;
const DEFAULT_VOLATILITY = 0.3;
const WORST_ERROR = 1.5;
const LEAST_KBPS = 1;
const MOST_KBPS = 1e7;
const KEPT_LEVEL = 0.1;
const KEPT_SLOW = 0.3;
const LEAST_S = 0.05;
const DOUBT_S = 1;
const DOUBT_KBIT = 50;
const MOST_RTT_S = 60;

/**
 * A link nobody has used yet; a prior of weight 1 counts as much as the default.
 *
 * @param {Prior | null} prior
 * @returns {Link}
 */
export function start(prior) {
  let level = log(DEFAULT_KBPS);
  if (prior !== null && prior.weight > 0) {
    const mean = Math.min(Math.max(prior.meanLogKbps, log(LEAST_KBPS)), log(MOST_KBPS));
    level = level + (mean - level) * (prior.weight / (prior.weight + 1));
  }
  return { level, slow: level, volatility: DEFAULT_VOLATILITY, samples: 0, rttS: 0 };
}

/**
 * Take in a finished transfer.
 *
 * @param {Link} link
 * @param {number} kbps     mean rate of its body
 * @param {number} seconds  its body took
 * @param {number} rttS     wait for its first byte, 0 while unknown
 * @returns {Link}
 */
export function observe(link, kbps, seconds, rttS = 0) {
  if (Number.isNaN(kbps)) return link;
  const x = log(Math.min(Math.max(kbps, LEAST_KBPS), MOST_KBPS));
  const n = link.samples;
  const rtt = nearer(link.rttS, rttS);
  if (n === 0) {
    const level = x + (link.level - x) * KEPT_LEVEL;
    return { level, slow: x + (link.slow - x) * KEPT_SLOW, volatility: link.volatility, samples: 1, rttS: rtt };
  }
  const weight = seconds > 0 ? Math.min(seconds / LEAST_S, 1) : 0;
  const error = Math.min(Math.abs(x - link.level), WORST_ERROR);
  return {
    level: link.level + (x - link.level) * (FAST * weight),
    slow: link.slow + (x - link.slow) * (Math.max(SLOW, 1 / (n + 2)) * weight),
    volatility: link.volatility + (error - link.volatility) * (Math.max(JUMP, 1 / (n + 3)) * weight),
    samples: n + 1,
    rttS: rtt,
  };
}

/**
 * Take in a transfer in flight: so many bits of body in so many seconds. Silence counts for ever less.
 *
 * @param {Link} link
 * @param {number} gotBits
 * @param {number} seconds
 * @returns {Link}
 */
export function glimpse(link, gotBits, seconds) {
  if (!(seconds > 0) || Number.isNaN(gotBits)) return link;
  const expected = exp(link.level);
  const seen = log((gotBits / 1000 + DOUBT_KBIT) / (seconds + DOUBT_KBIT / expected));
  const x = Math.min(Math.max(seen, log(LEAST_KBPS)), log(MOST_KBPS));
  return { ...link, level: link.level + (x - link.level) * (seconds / (seconds + DOUBT_S)) };
}

/**
 * What this session says to a later one on the same network.
 *
 * @param {Link} link
 * @returns {Prior}
 */
export function asPrior(link) {
  return { meanLogKbps: link.slow, weight: Math.min(link.samples / 5, 4) };
}

/**
 * Follow the shortest waits: a longer one has queues in it, and only slowly becomes the distance.
 *
 * @param {number} knownS
 * @param {number} rttS
 */
function nearer(knownS, rttS) {
  if (!(rttS > 0)) return knownS;
  if (knownS <= 0 || rttS < knownS) return Math.min(rttS, MOST_RTT_S);
  return knownS + (Math.min(rttS, MOST_RTT_S) - knownS) * 0.1;
}
