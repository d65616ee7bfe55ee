/** Sends what a session tells in batches, at least once and in order; playing never waits for it. */

/** @typedef {import("./session-events.js").Kind} Kind */
/** @typedef {import("./session-events.js").Facts} Facts */
/** @typedef {Facts & {kind: Kind, seq: number}} SessionEvent */

const FLUSH_MS = 10_000;
/** Events in one request (the server takes 16 KiB), and those kept while it is away: the oldest are lost first. */
const BATCH = 20;
const KEPT = 500;
const FIRST_RETRY_MS = 2_000;
const MOST_RETRY_MS = 60_000;
/** This session's reports are not wanted, and asking again does not change it. */
const FINAL = new Set([400, 401, 403, 404, 405, 410, 413, 422]);

/**
 * @typedef {object} Delivery
 * @property {string} url
 * @property {() => Record<string, string>} headers
 */

export class Reporter {
  /** @type {SessionEvent[]} */
  #queue = [];
  #number = 0;
  #failures = 0;
  #sending = false;
  #stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  counts = { accepted: 0, dropped: 0 };

  /** Null until it is known where to report. @type {Delivery | null} */
  #delivery = null;

  constructor() {
    // a page that is hidden may never be heard of again
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && void this.flush());
    window.addEventListener("pagehide", () => this.leave());
  }

  /** Where reports go. */
  get address() {
    return this.#delivery?.url ?? null;
  }

  /** From now on reports go there. @param {Delivery} delivery */
  open(delivery) {
    this.#delivery ??= delivery;
  }

  /**
   * @param {Kind} kind
   * @param {Facts} facts
   */
  tell(kind, facts) {
    if (this.#stopped) return;
    const atMs = Math.round(performance.timeOrigin + performance.now()); // unlike Date.now it never leaps
    this.#queue.push({ ...facts, kind, seq: this.#number, at_ms: atMs });
    this.#number += 1;
    if (this.#queue.length > KEPT) {
      this.#queue.shift();
      this.counts.dropped += 1;
    }
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Events that wait to be sent. */
  get waiting() {
    return this.#queue.length;
  }

  /** Send what there is, now; what could not be sent stays for later. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending || this.#stopped || !this.#queue.length) return;
    this.#sending = true;
    const batch = this.#queue.slice(0, BATCH);
    const status = await post(this.#delivery, batch);
    this.#sending = false;
    this.#settle(status, batch);
    if (this.#queue.length && !this.#stopped) this.#timer ??= setTimeout(() => void this.flush(), this.#delayMs());
  }

  /** The page goes away: what is left is handed to the browser. The server knows events it has by their numbers. */
  leave() {
    const delivery = this.#delivery;
    for (let first = 0; delivery && first < this.#queue.length; first += BATCH) {
      const batch = this.#queue.slice(first, first + BATCH);
      // a beacon cannot carry a token of ours
      if (Object.keys(delivery.headers()).length) void post(delivery, batch);
      else navigator.sendBeacon(delivery.url, new Blob([JSON.stringify({ events: batch })], { type: "text/plain" }));
    }
  }

  /**
   * @param {number} status
   * @param {SessionEvent[]} batch
   */
  #settle(status, batch) {
    if (status >= 200 && status < 300) {
      this.#failures = 0;
      this.counts.accepted += batch.length;
      const last = batch.at(-1)?.seq ?? 0;
      this.#queue = this.#queue.filter(({ seq }) => seq > last);
    } else if (FINAL.has(status)) {
      this.#stopped = true;
      this.#queue = [];
    } else {
      this.#failures += 1;
    }
  }

  #delayMs() {
    if (!this.#failures) return this.#queue.length >= BATCH ? 0 : FLUSH_MS;
    return Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
  }
}

/**
 * @param {Delivery | null} delivery
 * @param {SessionEvent[]} events
 * @returns {Promise<number>} HTTP status, 0 when there was no answer
 */
async function post(delivery, events) {
  if (!delivery) return 0;
  const headers = { "content-type": "application/json", ...delivery.headers() };
  const body = JSON.stringify({ events });
  try {
    return (await fetch(delivery.url, { method: "POST", headers, body, keepalive: true, priority: "low" })).status;
  } catch {
    return 0;
  }
}

/** A name for this session that nobody else has; the older way is for pages that are not served securely. */
export function newSessionId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
