/** From a letter a chunk to the cells of a row: at most so many, however long the recording. Pure. */

/** Narrower than this a cell is no longer seen. */
export const MOST_CELLS = 120;

/**
 * @typedef {object} Cell
 * @property {"waiting" | "running" | "done" | "failed" | "partly"} state  partly: some of its pieces are done
 * @property {number} share    of its pieces done, 0..1
 * @property {number} from     index of its first chunk
 * @property {number} to       index after its last
 */

/**
 * Which chunks share a cell: all rows are cut alike, so that columns are moments.
 *
 * @param {number} chunks
 * @param {number} [most]
 * @returns {[number, number][]} from and to
 */
export function columns(chunks, most = MOST_CELLS) {
  const count = Math.min(chunks, most);
  const edge = (/** @type {number} */ n) => Math.round((n * chunks) / count);
  return Array.from({ length: count }, (_, n) => [edge(n), edge(n + 1)]);
}

/**
 * @param {string} letters
 * @param {[number, number][]} cut
 * @returns {Cell[]}
 */
export function cells(letters, cut) {
  return cut.map(([from, to]) => {
    const own = letters.slice(from, to);
    const done = own.split("d").length - 1;
    const share = own.length ? done / own.length : 0;
    return { state: state(own, share), share, from, to };
  });
}

/**
 * What is wrong shows before what moves, and that before what rests.
 *
 * @param {string} letters
 * @param {number} share
 * @returns {Cell["state"]}
 */
function state(letters, share) {
  if (letters.includes("f")) return "failed";
  if (share === 1) return "done";
  if (letters.includes("r")) return "running";
  return share > 0 ? "partly" : "waiting";
}

/**
 * The row in words.
 *
 * @param {string} letters
 * @returns {string} 12 of 20 pieces done, 2 being encoded
 */
export function inWords(letters) {
  const count = (/** @type {string} */ letter) => letters.split(letter).length - 1;
  const parts = [`${count("d")} of ${letters.length} pieces done`];
  if (count("r")) parts.push(`${count("r")} being encoded`);
  if (count("f")) parts.push(`${count("f")} failed`);
  return parts.join(", ");
}
