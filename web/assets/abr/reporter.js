/** Sends what a session tells in batches, at least once and in order; playing never waits for it. */

/** @typedef {import("./session-events.js").Kind} Kind */
/** @typedef {import("./session-events.js").Facts} Facts */
/** @typedef {Facts & {kind: Kind, seq: number}} SessionEvent */

const FLUSH_MS = 10_000;
/** What the server would like to know at once, and how soon a second report may follow a first. */
const URGENT = new Set(["start", "error"]);
const APART_MS = 1_000;
/** Events in one request and their letters (the server takes 16 KiB), and those kept while it is away: the oldest are lost first. */
const BATCH = 40;
const BATCH_LETTERS = 15_000;
const KEPT = 500;
/** What browsers take of a page that goes away, in letters. */
const LAST_LETTERS = 60_000;
const FIRST_RETRY_MS = 2_000;
const MOST_RETRY_MS = 60_000;
/** This session's reports are not wanted, and asking again does not change it. */
const FINAL = new Set([400, 401, 403, 404, 405, 410, 413, 422]);

/**
 * @typedef {object} Delivery
 * @property {string} url
 * @property {() => Record<string, string>} headers  the viewer's own token, when there is one
 * @property {boolean} open    the address alone is right enough to report
 *
 * @typedef {{status: number, waitMs: number}} Answer  status 0 when there was none; how long the server asks to be left alone
 */

export class Reporter {
  /** @type {SessionEvent[]} */
  #queue = [];
  #number = 0;
  #failures = 0;
  #notBefore = 0;
  /** The viewer's token was refused where the address's own is not. */
  #nameless = false;
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
    if (this.#delivery) return;
    this.#delivery = delivery;
    if (this.#queue.some(({ kind }) => URGENT.has(kind))) this.#sendIn(0);
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
    if (URGENT.has(kind) && !this.#failures) this.#sendIn(0);
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Sooner than planned, but no sooner than the server bears. @param {number} ms */
  #sendIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), Math.max(ms, this.#notBefore - performance.now()));
  }

  /** Events that wait to be sent. */
  get waiting() {
    return this.#queue.length;
  }

  /** Send what there is, now; what could not be sent stays for later. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const delivery = this.#delivery;
    if (this.#sending || this.#stopped || !this.#queue.length || !delivery) return;
    this.#sending = true;
    const batch = batchOf(this.#queue);
    const more = batch.length < this.#queue.length;
    const answer = await post(delivery.url, this.#headers(delivery), batch);
    this.#sending = false;
    this.#settle(answer, batch, delivery);
    const behind = more || this.#queue.some(({ kind }) => URGENT.has(kind));
    if (this.#queue.length && !this.#stopped && this.#timer === undefined) this.#sendIn(this.#delayMs(behind));
  }

  /** The page goes away: what is left is handed to the browser, the newest first. The server knows events it has by their numbers. */
  leave() {
    const delivery = this.#delivery;
    if (!delivery || this.#stopped) return;
    /** @type {SessionEvent[][]} */
    const batches = [];
    for (let rest = this.#queue; rest.length; rest = rest.slice(Number(batches.at(-1)?.length))) batches.push(batchOf(rest));
    let letters = 0;
    for (const batch of batches.reverse()) {
      letters += JSON.stringify(batch).length;
      if (letters <= LAST_LETTERS) this.#leaveBehind(delivery, batch);
    }
  }

  /**
   * A beacon carries no token, so it is for who needs none: the session's is in the address, and whose it is has been said.
   *
   * @param {Delivery} delivery
   * @param {SessionEvent[]} batch
   */
  #leaveBehind(delivery, batch) {
    const headers = this.#headers(delivery);
    const named = Object.keys(headers).length === 0 || (delivery.open && this.counts.accepted > 0);
    const body = new Blob([JSON.stringify({ events: batch })], { type: "text/plain" });
    if (!named || !navigator.sendBeacon(delivery.url, body)) void post(delivery.url, headers, batch);
  }

  /** @param {Delivery} delivery */
  #headers(delivery) {
    return this.#nameless ? {} : delivery.headers();
  }

  /**
   * @param {Answer} answer
   * @param {SessionEvent[]} batch
   * @param {Delivery} delivery
   */
  #settle({ status, waitMs }, batch, delivery) {
    this.#notBefore = performance.now() + Math.max(waitMs, APART_MS);
    if (status >= 200 && status < 300) {
      this.#failures = 0;
      this.counts.accepted += batch.length;
      const last = batch.at(-1)?.seq ?? 0;
      this.#queue = this.#queue.filter(({ seq }) => seq > last);
    } else if (status === 401 && delivery.open && !this.#nameless && Object.keys(delivery.headers()).length) {
      this.#nameless = true; // signed out meanwhile: the session itself goes on
    } else if (FINAL.has(status)) {
      this.#stopped = true;
      this.#queue = [];
    } else {
      this.#failures += 1;
    }
  }

  /** @param {boolean} behind  there is more than one report carries, or what should be known at once */
  #delayMs(behind) {
    if (!this.#failures) return behind ? APART_MS : FLUSH_MS;
    return Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
  }
}

/**
 * The oldest events, as many as one report carries.
 *
 * @param {SessionEvent[]} queue  not empty
 */
function batchOf(queue) {
  let letters = 0;
  const fits = queue.slice(0, BATCH).findIndex((event) => (letters += JSON.stringify(event).length + 1) > BATCH_LETTERS);
  return queue.slice(0, fits < 0 ? BATCH : Math.max(1, fits));
}

/**
 * @param {string} url
 * @param {Record<string, string>} more  headers
 * @param {SessionEvent[]} events
 * @returns {Promise<Answer>}
 */
async function post(url, more, events) {
  const headers = { "content-type": "application/json", ...more };
  const body = JSON.stringify({ events });
  try {
    const response = await fetch(url, { method: "POST", headers, body, keepalive: true, priority: "low" });
    await response.arrayBuffer(); // an answer that nobody reads holds its connection
    return { status: response.status, waitMs: 1000 * (Number(response.headers.get("retry-after")) || 0) };
  } catch {
    return { status: 0, waitMs: 0 };
  }
}
