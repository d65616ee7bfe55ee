/** Pure: how a file is cut, whether a file is the one that was begun, and how fast it goes. */

const MIB = 1024 * 1024;
const MIN_PART_BYTES = 8 * MIB;
const MAX_PARTS = 10_000;
/** Seconds that a measured speed looks back. */
const WINDOW_S = 8;

/**
 * Bytes of a part, as the server cuts: 8 MiB, or the whole MiB that keep a large file within 10,000 parts.
 *
 * @param {number} sizeBytes
 */
export function partSize(sizeBytes) {
  return Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / (MAX_PARTS * MIB)) * MIB);
}

/**
 * A recording's title: the file's name without its ending.
 *
 * @param {string} name
 */
export function titleOf(name) {
  return name.replace(/\.[^.]+$/, "") || name;
}

/**
 * The begun upload that a chosen file goes on with.
 *
 * @template {{filename: string, size_bytes: number}} T
 * @param {T[]} begun
 * @param {{name: string, size: number}} file
 * @returns {T | undefined}
 */
export function matching(begun, file) {
  return begun.find(({ filename, size_bytes: size }) => filename === file.name && size === file.size);
}

/** Speed over the last seconds. */
export class Speed {
  /** @type {{at: number, bytes: number}[]} */
  #seen = [];

  /**
   * @param {number} at     seconds
   * @param {number} bytes  sent so far
   */
  note(at, bytes) {
    const last = this.#seen.at(-1);
    // a part that starts over takes its bytes back
    if (last && bytes < last.bytes) this.#seen = [];
    this.#seen.push({ at, bytes });
    while (this.#seen.length > 2 && (this.#seen[0]?.at ?? at) < at - WINDOW_S) this.#seen.shift();
  }

  /** After a pause nothing of before counts. */
  forget() {
    this.#seen = [];
  }

  /** @returns {number} bytes a second, 0 while unknown */
  get bytesPerS() {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last || last.at - first.at < 1) return 0;
    return (last.bytes - first.bytes) / (last.at - first.at);
  }

  /** @param {number} left  bytes @returns {number | null} seconds */
  secondsFor(left) {
    const speed = this.bytesPerS;
    return speed > 0 ? left / speed : null;
  }
}

/** @param {number} bytes @returns {string} 830 KB, 12.4 MB, 3.21 GB */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
