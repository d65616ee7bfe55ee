/** How players that play beside each other divide one link: everybody a rung, together no more than it carries. Pure. */

/** @typedef {import("./engine.js").Link} Link */

/**
 * @typedef {object} Sharer
 * @property {number[]} kbps   what each of its rungs takes of the link, lowest first; empty while unknown
 * @property {number} top      highest rung of use, by its size on the page and by the device
 * @property {number} weight   how much more it matters than one of weight 1
 * @property {boolean} loads   false for one that needs nothing now
 *
 * @typedef {{top: number, part: number}} Share  the highest rung, and the part of the link that belongs to it, 0 to 1
 */

/** So much of the link may be planned with when somebody is raised; who is there already stays until the link is full. */
const PLANNED = 0.9;

const rate = (/** @type {Sharer} */ sharer, /** @type {number} */ rung) => sharer.kbps[rung] ?? 0;

/**
 * @param {Sharer[]} sharers
 * @param {number[]} tops
 */
function total(sharers, tops) {
  return sharers.reduce((sum, sharer, n) => sum + (sharer.loads ? rate(sharer, tops[n] ?? 0) : 0), 0);
}

/**
 * What raising one by a rung is worth: its gain in quality, which goes with the logarithm of the rate, for each kbit/s.
 *
 * @param {Sharer} sharer
 * @param {number} rung  it is on now
 */
function worth({ kbps, weight }, rung) {
  const [now, next] = [Number(kbps[rung]), Number(kbps[rung + 1])];
  return (weight * Math.log(next / now)) / (next - now);
}

/**
 * Rungs within a budget: all begin on their lowest, whatever it carries, and the best raise that fits is taken until none does.
 *
 * @param {number} budgetKbps
 * @param {Sharer[]} sharers
 * @returns {number[]} the highest rung of each
 */
export function rungsWithin(budgetKbps, sharers) {
  const tops = sharers.map(() => 0);
  for (;;) {
    const left = budgetKbps - total(sharers, tops);
    let best = -1;
    let most = 0;
    sharers.forEach((sharer, n) => {
      const at = Number(tops[n]);
      if (!sharer.loads || at >= Math.min(sharer.top, sharer.kbps.length - 1)) return;
      const value = worth(sharer, at);
      if (value > most && rate(sharer, at + 1) - rate(sharer, at) <= left) [best, most] = [n, value];
    });
    if (best < 0) return tops;
    tops[best] = Number(tops[best]) + 1;
  }
}

/**
 * Divide the link. Rungs that are held stay while they fit and nobody could be better off, so that an estimate that
 * trembles does not make pictures tremble.
 *
 * @param {number} linkKbps
 * @param {Sharer[]} sharers
 * @param {number[]} held  highest rungs so far, [] for none
 * @returns {Share[]}
 */
export function divide(linkKbps, sharers, held) {
  const wished = rungsWithin(PLANNED * linkKbps, sharers);
  const allowed = held.length === sharers.length && sharers.every(({ top, loads }, n) => !loads || Number(held[n]) <= top);
  const fits = allowed && total(sharers, held) <= linkKbps && total(sharers, held) >= total(sharers, wished);
  const tops = fits && inOrder(sharers, held) ? held : wished;
  const sum = total(sharers, tops);
  const loading = sharers.filter(({ loads }) => loads).length;
  return sharers.map((sharer, n) => {
    const top = Number(tops[n]);
    if (!sharer.loads) return { top, part: 1 / Math.max(1, loading) };
    return { top, part: sum > 0 ? rate(sharer, top) / sum : 1 / loading };
  });
}

/**
 * Nobody who matters less has a better rung than somebody who matters more and could have it.
 *
 * @param {Sharer[]} sharers
 * @param {number[]} tops
 */
function inOrder(sharers, tops) {
  return sharers.every((one, n) =>
    sharers.every((other, m) => {
      const behind = one.loads && other.loads && one.weight > other.weight && Number(tops[n]) < Number(tops[m]);
      return !behind || Number(tops[n]) >= Math.min(one.top, one.kbps.length - 1);
    }),
  );
}

/**
 * A link as one sees it to whom a part of it belongs.
 *
 * @param {Link} link
 * @param {number} part  0 to 1
 * @returns {Link}
 */
export function partOf(link, part) {
  if (!(part > 0 && part < 1)) return link;
  const less = Math.log(part);
  return { ...link, level: link.level + less, slow: link.slow + less };
}
