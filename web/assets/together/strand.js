/** One of the recordings or streams that play together: its player, and where in the shared time it has pictures. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { Reporter } from "../abr/reporter.js";
import * as api from "../api.js";
import { isQuiet } from "../live/latency.js";
import { targetsBehind } from "../live/live-config.js";
import { playbackSource } from "../playback-source.js";
import { HeadwaterPlayer } from "../player.js";
import { isSettled, ProgressFeed } from "../progress.js";
import { HeldLive, LiveLine } from "./live-line.js";
import { begunAt, dated, toLocal, toShared } from "./timeline.js";

/** @typedef {import("../types.js").Progress} Progress */
/** @typedef {import("./timeline.js").Piece} Piece */
/** @typedef {"loading" | "preparing" | "ready" | "refused" | "failed"} Phase  refused: by the API, which says why */

const PROBE_MS = 2000;
const ALMOST_S = 0.25;
/** Behind the edge beside what a player keeps anyway: several streams wait for the slowest. */
const MARGIN_S = 0.5;

/**
 * @typedef {object} Wanted
 * @property {string} id
 * @property {string | null} grant
 * @property {number} offsetS  seconds after the others begin, when dates do not tell
 */

/** Dispatches "change" when its phase, its words or its pieces change. */
export class Strand extends EventTarget {
  /** @type {Phase} */
  phase = "loading";
  /** Why there is nothing to play. */
  words = "";
  code = "";
  /** It is for people who are known. */
  unknown = false;
  title = "";
  /** @type {HeadwaterPlayer | null} */
  player = null;
  /** @type {Piece[]} */
  pieces = [];
  /** Pieces by date, or by offset. */
  byDate = false;
  /** What its speed is multiplied by to stay in step. */
  factor = 1;
  /** When it was last near enough to where it should be (performance.now()). */
  inStepMs = 0;
  reporter = new Reporter();
  #durationS = 0;
  /** @type {LiveLine | null} */
  #line = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #probe;

  /**
   * @param {Wanted} wanted
   * @param {HTMLVideoElement} video
   */
  constructor(wanted, video) {
    super();
    this.wanted = wanted;
    this.video = video;
    this.feed = new ProgressFeed(
      () => api.progress(wanted.id, wanted.grant),
      (progress) => this.#onProgress(progress),
      (error) => {
        this.unknown = error.status === 401;
        this.#enter("refused", error.message, error.code);
      },
      (reachable) => this.#enter(this.phase, reachable ? "" : "The server does not answer. Trying again."),
    );
  }

  start() {
    this.feed.start();
  }

  /** A stream that is still on. */
  get live() {
    return this.#line !== null && !this.#line.feed.ended;
  }

  /** Its playlist says when each segment was captured. */
  get hasDates() {
    return typeof this.player?.hls.latestLevelDetails?.fragments[0]?.programDateTime === "number";
  }

  /** What is needed to place it in time is known. */
  get known() {
    return this.phase === "ready" && Boolean(this.player?.hls.latestLevelDetails);
  }

  /** It can take no part: nothing to play, and there will be nothing. */
  get out() {
    return this.phase === "refused" || this.phase === "failed";
  }

  /** Where the newest picture can be played without waiting, in the shared time; null for what is not live. */
  get edgeS() {
    if (!this.live || !this.pieces.length) return null;
    const { feed } = /** @type {LiveLine} */ (this.#line);
    const last = /** @type {Piece} */ (this.pieces.at(-1));
    return last.atS + last.lengthS - targetsBehind(feed) * feed.targetS - MARGIN_S;
  }

  /** Its place in the shared time, null while that is not known. */
  get atS() {
    return toShared(this.pieces, this.video.currentTime);
  }

  /**
   * Its own time at a moment of the shared one; null where it has no picture.
   *
   * @param {number} atS
   */
  at(atS) {
    const found = toLocal(this.pieces, atS);
    const last = this.pieces.at(-1);
    if (found !== null || !last || !this.live || atS < last.atS) return found;
    // the next segment is late, which is not the same as a camera that is away
    const { feed } = /** @type {LiveLine} */ (this.#line);
    return isQuiet(feed.quietS, feed.targetS) ? null : last.localS + atS - last.atS;
  }

  /** It can go on at once. */
  get ready() {
    const { video, player } = this;
    if (!player || video.seeking) return false;
    const nearEnd = Number.isFinite(video.duration) && video.currentTime > video.duration - ALMOST_S;
    return nearEnd || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  /** @param {boolean} byDate */
  place(byDate) {
    this.byDate = byDate;
    const fragments = this.player?.hls.latestLevelDetails?.fragments ?? [];
    this.pieces = byDate ? dated(fragments) : begunAt(this.video.duration || this.#durationS, this.wanted.offsetS);
  }

  stop() {
    clearTimeout(this.#probe);
    this.feed.stop();
    this.#line?.stop();
    this.player?.destroy();
  }

  /** @param {Progress} progress */
  #onProgress(progress) {
    this.title = progress.title;
    this.#durationS = progress.duration_s;
    if (this.#line) return;
    if (this.player) this.player.update(progress);
    else if (progress.recording_status === "waiting") this.#enter("preparing", "The stream has not begun yet.");
    else if (progress.recording_status === "live") this.#follow();
    else if (progress.playable) this.#play(progress);
    else if (progress.error && isSettled(progress)) this.#enter("refused", progress.error.detail, progress.error.code);
    else this.#enter("preparing", "It is still being prepared.");
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Progress} progress */
  #play(progress) {
    const { id, grant } = this.wanted;
    this.#open(new HeadwaterPlayer(this.video, playbackSource(id, grant, this.reporter, performance.now()), progress));
  }

  /** The stream is on; there is something to play when its first segment is. */
  #follow() {
    this.feed.stop();
    const { id, grant } = this.wanted;
    api.renewMediaCookies(api.masterUrl(id, grant)).then(
      () => {
        const line = new LiveLine(id, grant);
        this.#line = line;
        const player = new HeldLive(this.video, playbackSource(id, grant, this.reporter, performance.now()), id, line.feed);
        line.start(player);
        this.#open(player);
      },
      (error) => {
        if (!(error instanceof api.ApiError)) throw error;
        this.#enter("preparing", "The stream is about to begin.");
        this.#probe = setTimeout(() => this.#follow(), PROBE_MS);
      },
    );
  }

  /** @param {HeadwaterPlayer} player */
  #open(player) {
    this.player = player;
    const placed = () => {
      this.place(this.byDate);
      this.dispatchEvent(new Event("change"));
    };
    for (const event of /** @type {const} */ ([Hls.Events.LEVEL_LOADED, Hls.Events.LEVEL_UPDATED])) player.hls.on(event, placed);
    this.video.addEventListener("durationchange", placed);
    player.addEventListener("phase", () => {
      const code = player.errorPolicy.errors.at(-1)?.details ?? "";
      if (player.phase === "failed") this.#enter("failed", "It could not be played any further.", code);
    });
    this.#enter("ready", "");
    player.start({ play: false });
  }

  /**
   * @param {Phase} phase
   * @param {string} words
   * @param {string} [code]
   */
  #enter(phase, words, code = "") {
    Object.assign(this, { phase, words, code });
    this.dispatchEvent(new Event("change"));
  }
}
