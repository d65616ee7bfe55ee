/** What waits to be sent, in order. What memory should not hold lies in the browser's database. */

/**
 * @typedef {object} Parcel
 * @property {number} run        which run of the encoder made it
 * @property {string} name
 * @property {Uint8Array | null} bytes  null while it lies in the database
 * @property {number} size
 * @property {number} durationS  0 for an init segment
 * @property {number} madeMs     `Date.now()` when it was finished
 */

const DATABASE = "headwater-studio";
const STORE = "segments";
/** About a minute of 1080p. */
const IN_MEMORY = 48 * 1024 * 1024;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
async function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

export class Spool {
  /** @type {Parcel[]} */
  #parcels = [];
  #held = 0;
  #most;
  /** @type {Promise<IDBDatabase> | null} */
  #database = null;
  /** Tells parcels of this page from those of another. */
  #page = crypto.randomUUID?.() ?? String(Math.random());

  /** @param {number} [most]  bytes kept in memory */
  constructor(most = IN_MEMORY) {
    this.#most = most;
  }

  get length() {
    return this.#parcels.length;
  }

  /** Seconds of media that wait. */
  get seconds() {
    return this.#parcels.reduce((sum, { durationS }) => sum + durationS, 0);
  }

  /** Bytes in memory. */
  get held() {
    return this.#held;
  }

  /** @param {Omit<Parcel, "size">} parcel */
  push(parcel) {
    const bytes = /** @type {Uint8Array} */ (parcel.bytes);
    const kept = { ...parcel, size: bytes.byteLength };
    this.#parcels.push(kept);
    this.#held += kept.size;
    if (this.#held > this.#most && this.#parcels.length > 1) void this.#putAway(kept);
  }

  /** The oldest with its bytes, null when nothing waits. @returns {Promise<(Parcel & {bytes: Uint8Array}) | null>} */
  async first() {
    const [parcel] = this.#parcels;
    if (!parcel) return null;
    const bytes = parcel.bytes ?? (await this.#fetch(parcel));
    return { ...parcel, bytes };
  }

  /** Names that wait of a run, the oldest first. @param {number} run */
  names(run) {
    return this.#parcels.filter((parcel) => parcel.run === run).map(({ name }) => name);
  }

  /** The oldest has been sent. */
  shift() {
    const parcel = this.#parcels.shift();
    if (parcel?.bytes) this.#held -= parcel.size;
    else if (parcel) void this.#forget(parcel);
  }

  clear() {
    while (this.#parcels.length) this.shift();
  }

  /** @param {Parcel} parcel */
  #key({ run, name }) {
    return `${this.#page}/${run}/${name}`;
  }

  /** @param {IDBTransactionMode} mode */
  async #store(mode) {
    this.#database ??= open();
    return (await this.#database).transaction(STORE, mode).objectStore(STORE);
  }

  /** A database that takes nothing more leaves it in memory. @param {Parcel} parcel */
  async #putAway(parcel) {
    try {
      await settled((await this.#store("readwrite")).put(parcel.bytes, this.#key(parcel)));
    } catch {
      return;
    }
    if (!this.#parcels.includes(parcel)) void this.#forget(parcel);
    else if (parcel.bytes) {
      parcel.bytes = null;
      this.#held -= parcel.size;
    }
  }

  /** @param {Parcel} parcel */
  async #fetch(parcel) {
    return settled((await this.#store("readonly")).get(this.#key(parcel)));
  }

  /** @param {Parcel} parcel */
  async #forget(parcel) {
    await settled((await this.#store("readwrite")).delete(this.#key(parcel))).catch(() => {});
  }
}
