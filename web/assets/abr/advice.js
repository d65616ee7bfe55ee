/** What the server recommends for this viewer, from earlier sessions on the same network and from the device. */

/**
 * @typedef {object} Advice
 * @property {string | null} start      rendition id to begin on
 * @property {string | null} top        highest one of use, null when all are
 * @property {import("./engine.js").Prior | null} prior
 * @property {string} eventsUrl         where this session reports
 */

/** Limits that pass, or that the player sees better itself. */
const PASSING = new Set(["not-encoded", "effective-type"]);

/**
 * Read the answer of `quality/recommended`. A network's past is taken only when it is made of numbers: it moves the engine.
 *
 * @param {import("../types.js").Recommendation} answer
 * @returns {Advice}
 */
export function adviceOf({ recommended, cap, prior, session }) {
  const sane = prior && Number.isFinite(prior.mean_log_kbps) && prior.weight > 0;
  return {
    start: recommended.id,
    top: cap && !PASSING.has(cap.reason) ? cap.id : null,
    prior: sane ? { meanLogKbps: prior.mean_log_kbps, weight: prior.weight } : null,
    eventsUrl: session.events_url,
  };
}
