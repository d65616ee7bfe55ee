/** What the page's address asks for. Pure. */

/** @typedef {import("./strand.js").Wanted} Wanted */

export const MOST = 4;
const ID = /^[A-Za-z0-9._~-]{1,128}$/;
/** A day: beyond it somebody mistook minutes for seconds. */
const MOST_OFFSET_S = 86_400;

const list = (/** @type {string | null} */ text) => (text === null || text === "" ? [] : text.split(",").map((part) => part.trim()));

/**
 * @param {string} search
 * @returns {{room: string | null, wanted: Wanted[], offsetsGiven: boolean, problem: string | null}}
 */
export function read(search) {
  const query = new URLSearchParams(search);
  const room = query.get("room");
  const ids = list(query.get("recordings"));
  const grants = list(query.get("grants"));
  const offsets = list(query.get("offsets"));
  const wanted = ids.map((id, n) => ({ id, grant: grants[n] || null, offsetS: Number(offsets[n] || 0) }));
  return { room, wanted, offsetsGiven: offsets.length > 0, problem: problemOf(wanted) };
}

/** @param {Wanted[]} wanted */
function problemOf(wanted) {
  const ids = wanted.map(({ id }) => id);
  if (wanted.length === 1) return "One recording is not watched together with anything. Choose another one as well.";
  if (wanted.length > MOST) return `Up to ${MOST} can be watched together.`;
  if (!ids.every((id) => ID.test(id))) return "This link names something that is no recording.";
  if (!wanted.every(({ offsetS }) => Math.abs(offsetS) <= MOST_OFFSET_S)) return "Offsets are seconds, separated by commas.";
  return null;
}
