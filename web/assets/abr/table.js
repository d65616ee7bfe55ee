/**
 * The trained table: how transfers differ from what was expected, and what every situation is worth. The twin of
 * `chalicelib/domain/abr/table.py`, which says how the file is laid out.
 */

const VERSION = 1;
const AXES = /** @type {const} */ (["volatility", "slow", "offset", "buffer"]);

/**
 * Nodes at `first + step · i`, i from 0 to count - 1.
 *
 * @typedef {{first: number, step: number, count: number}} Axis
 *
 * Cells around a state: offset into the values, and weight.
 *
 * @typedef {[number, number][]} Corners
 *
 * @typedef {object} TableFile
 * @property {number} version
 * @property {number[]} kbps
 * @property {number} segment_s
 * @property {number} max_buffer_s
 * @property {number} far_s
 * @property {Record<"volatility" | "slow" | "offset" | "buffer", Axis>} grid
 * @property {{weights: number[], volatility_edges: number[], offset_edges: number[], values: number[][][][]}} errors
 * @property {string} values   16-bit little-endian steps, base64
 * @property {number} scale
 */

/**
 * The node below, and the part of the way to the next; beyond the ends, the ends.
 *
 * @param {Axis} axis
 * @param {number} x
 * @returns {[number, number]}
 */
function position({ first, step, count }, x) {
  const at = Math.min(Math.max((x - first) / step, 0), count - 1);
  const node = Math.min(Math.floor(at), count - 2);
  return [node, at - node];
}

/**
 * How many edges x has reached.
 *
 * @param {number} x
 * @param {number[]} edges
 */
function classOf(x, edges) {
  let found = 0;
  for (const edge of edges) if (x >= edge) found += 1;
  return found;
}

/** @param {string} text  base64 */
function steps(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true));
}

export class Table {
  /** @param {TableFile} file  throws Error for another version, or when it does not hold what it says */
  constructor(file) {
    if (file.version !== VERSION) throw new Error(`its table is of version ${file.version}, not ${VERSION}`);
    this.kbps = file.kbps;
    this.farS = file.far_s;
    this.grid = file.grid;
    this.errors = file.errors;
    this.scale = file.scale;
    this.values = steps(file.values);
    const cells = AXES.reduce((product, name) => product * this.grid[name].count, 2 * this.kbps.length);
    if (this.values.length !== cells) throw new Error("its table is not whole");
  }

  /**
   * The quantiles for a link's kind; `offset` is its fast minus its slow level.
   *
   * @param {number} far
   * @param {number} volatility
   * @param {number} offset
   * @returns {number[]}
   */
  errorsOf(far, volatility, offset) {
    const { values, volatility_edges: byVolatility, offset_edges: byOffset } = this.errors;
    return /** @type {number[]} */ (values[far]?.[classOf(volatility, byVolatility)]?.[classOf(offset, byOffset)]);
  }

  /**
   * The buffer's node, and the part of the way to the next.
   *
   * @param {number} seconds
   */
  bufferPosition(seconds) {
    return position(this.grid.buffer, Math.sqrt(seconds + 1));
  }

  /**
   * The eight cells around a link's state.
   *
   * @param {number} far
   * @param {number} volatility
   * @param {number} slow
   * @param {number} offset
   * @returns {Corners}
   */
  corners(far, volatility, slow, offset) {
    const { grid } = this;
    const [vi, vf] = position(grid.volatility, volatility);
    const [si, sf] = position(grid.slow, slow);
    const [oi, of] = position(grid.offset, offset);
    const size = this.kbps.length * grid.buffer.count;
    /** @type {Corners} */
    const found = [];
    for (const [v, wv] of /** @type {Corners} */ ([[vi, 1 - vf], [vi + 1, vf]])) {
      const row = (far * grid.volatility.count + v) * grid.slow.count;
      for (const [s, ws] of /** @type {Corners} */ ([[si, 1 - sf], [si + 1, sf]])) {
        const cell = ((row + s) * grid.offset.count + oi) * size;
        found.push([cell, wv * ws * (1 - of)], [cell + size, wv * ws * of]);
      }
    }
    return found;
  }
}
