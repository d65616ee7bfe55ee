/** What is known of a stream's playlists: announcements continue what was fetched, and what is fetched puts them right. */

import { PlaylistText } from "./playlist-text.js";
import { continuation, gathered, nextPollMs, silenceMs } from "./sequence.js";

/** @typedef {import("./playlist-text.js").Entry} Entry */
/** @typedef {import("./playlist-text.js").Kind} Kind */

/** Until a playlist or the server says. */
const USUAL_TARGET_S = 2;

/**
 * One kind of playlist; the text is the same in every rendition of it.
 *
 * @typedef {object} Known
 * @property {PlaylistText | null} text
 * @property {number} polledMs
 * @property {boolean} grew
 * @property {boolean} doubted
 */

/** @returns {Known} */
const nothing = () => ({ text: null, polledMs: 0, grew: false, doubted: false });

export class LiveFeed extends EventTarget {
  /** @type {Record<Kind, Known>} */
  #known = { video: nothing(), audio: nothing() };
  /** @type {Entry[]} */
  #announced = [];
  #first = 0;
  #dsn = 0;
  #heardMs = 0;
  #newestMs = performance.now();
  #reached = false;
  targetS = USUAL_TARGET_S;
  /** Announcements are expected. */
  pushed = false;
  /** The encoder is away. */
  idle = false;
  /** Playlists fetched so far. */
  polls = 0;
  /** New segments in a row that only a playlist told of, although announcements were expected. */
  unheard = 0;
  /** Where the newest segment was learned from. @type {"push" | "poll"} */
  source = "poll";

  /** Media sequence number of the newest segment known, -1 before the first. */
  get msn() {
    return Math.max(this.#announced.at(-1)?.msn ?? -1, this.#known.video.text?.last ?? -1, this.#known.audio.text?.last ?? -1);
  }

  /** Media sequence number that a new subscription continues after, null when it is not known. @returns {number | null} */
  get after() {
    const ends = Object.values(this.#known).flatMap(({ text }) => (text ? [text.last] : []));
    return ends.length ? Math.min(...ends) : null;
  }

  /** Seconds for which the CDN, which answers, has had nothing new; 0 while it cannot be told. */
  get quietS() {
    return this.#reached ? (performance.now() - this.#newestMs) / 1000 : 0;
  }

  /** A playlist of the stream that has ended says so. */
  get ended() {
    return Object.values(this.#known).some(({ text }) => text?.ended);
  }

  /** @param {{first: number, dsn: number, entries: Entry[]}} message  "segment" */
  announce({ first, dsn, entries }) {
    this.#heardMs = performance.now();
    this.#newestMs = this.#heardMs;
    this.#announced = gathered(this.#announced, entries);
    this.#first = first;
    this.#dsn = dsn;
    this.source = "push";
    this.unheard = 0;
    for (const kind of /** @type {Kind[]} */ (["video", "audio"])) this.#continue(kind);
    this.#changed();
  }

  /**
   * Take a playlist from the CDN. One that is older than what was announced changes nothing.
   *
   * @param {Kind} kind
   * @param {string} body
   */
  adopt(kind, body) {
    const known = this.#known[kind];
    const fetched = new PlaylistText(body);
    const before = known.text?.last ?? -1;
    this.polls += 1;
    known.polledMs = performance.now();
    known.doubted = false;
    known.grew = fetched.last > before || fetched.ended;
    this.targetS = fetched.targetS || this.targetS;
    this.#reached = true;
    if (!known.grew) return;
    this.#newestMs = known.polledMs;
    known.text = fetched;
    if (performance.now() - this.#heardMs > silenceMs(1000 * this.targetS)) {
      this.source = "poll";
      if (this.pushed && before >= 0) this.unheard += 1;
    }
    this.#continue(kind);
    this.#changed();
  }

  /** A fetch brought nothing. @param {Kind} kind */
  missed(kind) {
    Object.assign(this.#known[kind], { polledMs: performance.now(), grew: false });
    this.#reached = false;
  }

  /** Something may be missing, or the playlists have ended: they are fetched next. */
  doubt() {
    for (const known of Object.values(this.#known)) known.doubted = true;
    this.#changed();
  }

  /**
   * The playlist's text when there is what was asked for.
   *
   * @param {Kind} kind
   * @param {number | undefined} wanted  media sequence number, undefined for whatever is known and not stale
   * @returns {string | null}
   */
  answer(kind, wanted) {
    const { text, polledMs, doubted } = this.#known[kind];
    if (!text) return null;
    const ageMs = performance.now() - Math.max(this.#heardMs, polledMs);
    const fresh = !doubted && (ageMs < silenceMs(1000 * this.targetS) || (this.idle && this.pushed));
    const there = wanted === undefined ? fresh : text.last >= wanted;
    return there || text.ended ? text.render() : null;
  }

  /** The text as it is, however old. @param {Kind} kind */
  textOf(kind) {
    return this.#known[kind].text?.render() ?? null;
  }

  /** When it should be fetched, on the clock of `performance.now()`. @param {Kind} kind */
  dueMs(kind) {
    const { pushed, idle } = this;
    return nextPollMs({ ...this.#known[kind], pushed, idle, targetMs: 1000 * this.targetS, heardMs: this.#heardMs });
  }

  /**
   * Wait for a change, but no longer than that.
   *
   * @param {number} mostMs
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  change(mostMs, signal) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.removeEventListener("change", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, mostMs);
      this.addEventListener("change", done);
      signal.addEventListener("abort", done);
    });
  }

  /** @param {Kind} kind */
  #continue(kind) {
    const known = this.#known[kind];
    const { text } = known;
    if (!text || text.ended) return;
    const next = continuation(text.last, this.#announced);
    if (next === null) {
      known.doubted = true;
      return;
    }
    for (const entry of next) text.append(entry, kind);
    text.dropBelow(this.#first, this.#dsn);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
