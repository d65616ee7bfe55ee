/**
 * Which rung next, and whether to go on with one in flight: one step of look-ahead on a trained value function. The twin of
 * `chalicelib/domain/abr/policy.py`, operation by operation.
 */

import { exp } from "./elementary.js";
import { asPrior, glimpse, observe, start } from "./link.js";

/** @typedef {import("./engine.js").Link} Link */
/** @typedef {import("./engine.js").View} View */
/** @typedef {import("./engine.js").Transfer} Transfer */
/** @typedef {import("./engine.js").Decision} Decision */
/** @typedef {import("./table.js").Table} Table */

/**
 * One way the next transfer may go: probability, bits a second, and where the link is then.
 *
 * @typedef {{weight: number, bps: number, corners: import("./table.js").Corners}} Outcome
 */

const STALL_PER_S = 4.3;
const PER_S = 0.25;
const UNSEEN = 2.5;
const CALM = 0.2;
const SURE_S = 0.5;

/** Decides for one ladder in kbps, lowest first. A table of another ladder serves by its bitrates. */
export class Policy {
  start = start;
  observe = observe;
  asPrior = asPrior;

  /**
   * @param {import("./engine.js").Ladder} ladder
   * @param {Table} table
   */
  constructor({ kbps, segmentS, maxBufferS }, table) {
    this.kbps = kbps;
    this.segmentS = segmentS;
    this.maxBufferS = maxBufferS;
    this.table = table;
    this.rungs = kbps.map((rate) => between(table.kbps, rate));
  }

  /**
   * The level with the highest expected quality; the lower one of equals.
   *
   * @param {Link} link
   * @param {View} view
   * @returns {Decision}
   */
  choose(link, { bufferS, lastLevel, sizesBits, top, rttS }) {
    const outcomes = this.#outcomes(link, rttS);
    const order = Array.from({ length: Math.min(top, this.kbps.length - 1) + 1 }, (_, level) => level);
    const scores = order.map(
      (level) => this.#gain(level, lastLevel) + this.#future(outcomes, level, number(sizesBits, level), rttS, bufferS),
    );
    order.sort((a, b) => number(scores, b) - number(scores, a) || a - b);
    return { level: number(order, 0), runnerUp: order[1] ?? null, scores, reason: reasonOf(link, lastLevel, order) };
  }

  /**
   * The lower level that is worth more than what is left of this one, null to go on.
   *
   * @param {Link} link
   * @param {View} view          `lastLevel` of the segment before, `bufferS` what is left by now
   * @param {Transfer} transfer
   * @returns {number | null}
   */
  shouldAbandon(link, { bufferS, lastLevel, sizesBits, top, rttS }, transfer) {
    const level = Math.min(transfer.level, this.kbps.length - 1);
    const bodyS = transfer.elapsedS - (transfer.ttfbS || rttS);
    if (level <= 0 || bodyS <= 0) return null;
    const seen = glimpse(link, transfer.gotBits, bodyS);
    const left = Math.max(transfer.sizeBits - transfer.gotBits, 0);
    if (left / (exp(seen.level) * 1000) <= CALM * bufferS) return null;
    const outcomes = this.#outcomes(seen, rttS);
    let best = null;
    let bestScore = this.#gain(level, lastLevel) + this.#future(outcomes, level, left, 0, bufferS);
    for (let i = 0; i <= Math.min(level - 1, top); i += 1) {
      const score = this.#gain(i, lastLevel) + this.#future(outcomes, i, number(sizesBits, i), rttS, bufferS);
      if (score > bestScore) {
        best = i;
        bestScore = score;
      }
    }
    return best;
  }

  /**
   * The distribution of the next transfer's bandwidth, kbps.
   *
   * @param {Link} link
   */
  predict(link) {
    const errors = this.#errors(link, link.rttS);
    const at = (/** @type {number} */ q) => exp(link.level + quantile(errors, this.table.errors.weights, q));
    return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
  }

  /**
   * @param {Link} link
   * @param {number} rttS
   */
  #errors(link, rttS) {
    const { table } = this;
    const errors = table.errorsOf(this.#far(link, rttS), link.volatility, link.level - link.slow);
    return link.samples ? errors : errors.map((error) => UNSEEN * error);
  }

  /**
   * @param {Link} link
   * @param {number} rttS
   */
  #far(link, rttS) {
    return (link.rttS || rttS) >= this.table.farS ? 1 : 0;
  }

  /**
   * How the next transfer may go.
   *
   * @param {Link} link
   * @param {number} rttS
   * @returns {Outcome[]}
   */
  #outcomes(link, rttS) {
    const { table } = this;
    const far = this.#far(link, rttS);
    return this.#errors(link, rttS).map((error, index) => {
      const kbps = exp(link.level + error);
      const then = observe(link, kbps, SURE_S);
      const corners = table.corners(far, then.volatility, then.slow, then.level - then.slow);
      return { weight: number(table.errors.weights, index), bps: kbps * 1000, corners };
    });
  }

  /**
   * What a segment of this level adds at once.
   *
   * @param {number} level
   * @param {number | null} last
   */
  #gain(level, last) {
    const mbps = number(this.kbps, level) / 1000;
    const change = last === null ? 0 : Math.abs(mbps - number(this.kbps, last) / 1000);
    return mbps * (this.segmentS * PER_S) - change;
  }

  /**
   * The expected rest: minus the standing still, plus the worth of where one is then.
   *
   * @param {Outcome[]} outcomes
   * @param {number} level
   * @param {number} bits
   * @param {number} rttS
   * @param {number} bufferS
   */
  #future(outcomes, level, bits, rttS, bufferS) {
    const { table, segmentS } = this;
    const [below, above, part] = /** @type {[number, number, number]} */ (this.rungs[level]);
    const { count } = table.grid.buffer;
    const room = this.maxBufferS - segmentS;
    let total = 0;
    for (const { weight, bps, corners } of outcomes) {
      const seconds = rttS + bits / bps;
      const stall = Math.max(seconds - bufferS, 0);
      const [node, way] = table.bufferPosition(Math.min(Math.max(bufferS - seconds, 0) + segmentS, room));
      let worth = worthOf(table.values, corners, below * count + node, way);
      if (part > 0) worth = worth + (worthOf(table.values, corners, above * count + node, way) - worth) * part;
      total = total + weight * (worth * table.scale - STALL_PER_S * stall);
    }
    return total;
  }
}

/**
 * @param {ArrayLike<number>} list
 * @param {number} index  within it
 */
function number(list, index) {
  return /** @type {number} */ (list[index]);
}

/**
 * Interpolate over the cells around a link's state and the two nodes of the buffer; in steps.
 *
 * @param {Int16Array} values
 * @param {import("./table.js").Corners} corners
 * @param {number} at
 * @param {number} way
 */
function worthOf(values, corners, at, way) {
  let total = 0;
  for (const [cell, weight] of corners) {
    const low = number(values, cell + at);
    total = total + weight * (low + (number(values, cell + at + 1) - low) * way);
  }
  return total;
}

/**
 * The table's rungs below and above a bitrate, and the part of the way between them.
 *
 * @param {number[]} ladder
 * @param {number} kbps
 * @returns {[number, number, number]}
 */
function between(ladder, kbps) {
  if (kbps <= number(ladder, 0)) return [0, 0, 0];
  for (let i = 1; i < ladder.length; i += 1) {
    if (kbps <= number(ladder, i)) {
      const part = (kbps - number(ladder, i - 1)) / (number(ladder, i) - number(ladder, i - 1));
      return part < 1 ? [i - 1, i, part] : [i, i, 0];
    }
  }
  return [ladder.length - 1, ladder.length - 1, 0];
}

/**
 * Interpolate between the middles of the weighted quantiles.
 *
 * @param {number[]} errors
 * @param {number[]} weights
 * @param {number} q
 */
function quantile(errors, weights, q) {
  let below = 0;
  let middle = number(weights, 0) / 2;
  if (q <= middle) return number(errors, 0);
  for (let i = 1; i < weights.length; i += 1) {
    below = below + number(weights, i - 1);
    const after = below + number(weights, i) / 2;
    if (q <= after) {
      return number(errors, i - 1) + (number(errors, i) - number(errors, i - 1)) * ((q - middle) / (after - middle));
    }
    middle = after;
  }
  return number(errors, errors.length - 1);
}

/**
 * @param {Link} link
 * @param {number | null} last
 * @param {number[]} order
 */
function reasonOf(link, last, order) {
  if (order.length === 1) return "only-rung";
  if (link.samples === 0 || last === null) return "start";
  if (order[0] === last) return "steady";
  return number(order, 0) > last ? "link-carries-more" : "link-carries-less";
}
