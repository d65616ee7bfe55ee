/** The engine and its table, loaded when a player first needs them. */

/**
 * What is known of the link after some transfers; only the engine looks inside.
 *
 * @typedef {object} Link
 * @property {number} level       ln(kbps), fast
 * @property {number} slow        ln(kbps), slow
 * @property {number} volatility  mean absolute error of the fast one
 * @property {number} samples
 * @property {number} rttS        0 while unknown
 *
 * @typedef {{meanLogKbps: number, weight: number}} Prior  from earlier sessions on the same network
 *
 * @typedef {object} View
 * @property {number} bufferS            seconds until playing would stop
 * @property {number | null} lastLevel   null before the first segment
 * @property {number[]} sizesBits        of the next segment, one a level
 * @property {number} top                highest level allowed
 * @property {number} rttS
 *
 * @typedef {object} Transfer            one under way
 * @property {number} level
 * @property {number} sizeBits
 * @property {number} gotBits
 * @property {number} elapsedS
 * @property {number} ttfbS              0 before the first byte
 *
 * @typedef {object} Decision
 * @property {number} level
 * @property {number | null} runnerUp
 * @property {number[]} scores
 * @property {string} reason             a stable word
 *
 * @typedef {object} Engine
 * @property {(prior: Prior | null) => Link} start
 * @property {(link: Link, kbps: number, seconds: number, rttS: number) => Link} observe
 * @property {(link: Link, view: View) => Decision} choose
 * @property {(link: Link, view: View, transfer: Transfer) => number | null} shouldAbandon
 * @property {(link: Link) => {p10: number, p50: number, p90: number}} predict  kbps of the next transfer
 * @property {(link: Link) => Prior} asPrior
 *
 * @typedef {object} Ladder
 * @property {number[]} kbps       lowest first
 * @property {number} segmentS
 * @property {number} maxBufferS
 */

/**
 * The tables there are, as `chalicelib/domain/abr/tables` names them: rates of the lowest and the highest rung, seconds of a
 * segment and of the buffer.
 *
 * @type {[string, number, number, number, number][]}
 */
const TABLES = [
  ["vod", 250, 4000, 2, 60],
  ["live", 250, 4000, 2, 12],
  ["vod4", 500, 4000, 4, 30],
  ["vod2", 500, 4000, 2, 30],
  ["live4", 500, 4000, 4, 12],
  ["live2", 500, 4000, 2, 12],
];

/** @type {Map<string, Promise<import("./table.js").Table>>} */
const loaded = new Map();

const ratio = (/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b) / Math.min(a, b);

/**
 * The name of the table whose buffer, then segment, then ladder is the most alike; the first by name of equals.
 *
 * @param {Ladder} ladder
 */
export function nearest({ kbps, segmentS, maxBufferS }) {
  const lowest = Number(kbps[0]);
  const highest = Number(kbps.at(-1));
  const ranked = TABLES.map(([name, low, high, segment, buffer]) => {
    const far = [ratio(buffer, maxBufferS), ratio(segment, segmentS), ratio(low, lowest) + ratio(high, highest)];
    return { name, far };
  });
  ranked.sort((a, b) => {
    const differs = a.far.findIndex((value, index) => value !== b.far[index]);
    return differs < 0 ? (a.name < b.name ? -1 : 1) : Number(a.far[differs]) - Number(b.far[differs]);
  });
  return String(ranked[0]?.name);
}

/**
 * @param {string} name
 * @returns {Promise<import("./table.js").Table>}
 */
async function fetchTable(name) {
  const [{ Table }, response] = await Promise.all([
    import("./table.js"),
    fetch(new URL(`./tables/${name}.json`, import.meta.url), { priority: "low" }).catch(() => null),
  ]);
  if (!response?.ok) throw new Error("its table could not be loaded");
  return new Table(await response.json());
}

/**
 * The engine for a ladder; throws an Error that says in a few words why there is none.
 *
 * @param {Ladder} ladder
 * @returns {Promise<Engine>}
 */
export async function loadEngine(ladder) {
  const name = nearest(ladder);
  const table = loaded.get(name) ?? fetchTable(name);
  loaded.set(name, table);
  table.catch(() => loaded.delete(name)); // another time it may be there
  const [{ Policy }, trained] = await Promise.all([import("./policy.js"), table]);
  return new Policy(ladder, trained);
}
