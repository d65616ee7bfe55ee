/** Plays one recording with hls.js while its rungs may still be encoding. */

import Hls from "../vendor/hls.js-1.7.4/hls.min.mjs";
import { pilotedAbrController } from "./abr/controller.js";
import { loadEngine } from "./abr/engine.js";
import { Pilot } from "./abr/pilot.js";
import { SessionWatch } from "./abr/session-events.js";
import { playableReach } from "./availability.js";
import { keepDuration } from "./duration.js";
import { ErrorPolicy } from "./error-policy.js";
import { hlsConfig } from "./hls-config.js";
import { isSettled } from "./progress.js";
import { RungPolicy } from "./rung-policy.js";

/** @typedef {import("./types.js").Progress} Progress */

/**
 * @typedef {object} Source
 * @property {string} masterUrl  absolute
 * @property {() => Record<string, string>} headers  for the master request only
 * @property {() => Promise<void>} renewCookies      asks for fresh media cookies
 * @property {() => Promise<Advice | null>} advice   the server's recommendation, null when it has none
 * @property {import("./abr/session-events.js").Tell} tell  takes what there is to report
 * @property {number} [openedMs]  when the viewer asked for it (performance.now()), the page's own opening when left out
 * @property {Partial<import("../vendor/hls.js-1.7.4/hls.min.mjs").HlsConfig>} [hlsConfig]  what differs from the usual
 *
 * @typedef {import("./abr/advice.js").Advice} Advice
 *
 * @typedef {"playing" | "waiting" | "failed"} PlayerPhase  waiting: for the encoder, not for the network
 */

/** While rungs catch up a short buffer lets the picture improve sooner; afterwards a long one is safer. */
const BUFFER_ENCODING_S = 16;
const BUFFER_READY_S = 60;
const WATCH_MS = 250;
/** How long the first segment may wait for the server's advice, counted from the first request of all. */
const ADVICE_MS = 300;
const HOLE_S = 0.3;

export class HeadwaterPlayer extends EventTarget {
  /** @type {PlayerPhase} */
  phase = "playing";
  policy = new RungPolicy();
  /** Index of the rung loaded last, -1 before the first segment. */
  loadedLevel = -1;
  /** @type {Progress} */
  progress;

  /**
   * @param {HTMLVideoElement} video
   * @param {Source} source
   * @param {Progress} progress  a playable one
   */
  constructor(video, source, progress) {
    super();
    this.video = video;
    this.source = source;
    this.progress = progress;
    this.policy.update(progress);
    this.pilot = new Pilot(this);
    /** @type {Hls} */
    this.hls = new Hls({ ...hlsConfig(source), ...source.hlsConfig, abrController: pilotedAbrController(this.pilot) });
    this.pilot.attach(this.hls);
    this.watchdog = new SessionWatch(this, (kind, facts) => source.tell(kind, facts), source.openedMs);
    this.errorPolicy = new ErrorPolicy(this);
    this.#listen();
    this.update(progress);
  }

  /**
   * Attach, load and try to play; a browser that wants a gesture first leaves the video paused.
   *
   * @param {{play?: boolean}} [options]  false leaves playing to somebody else
   */
  start({ play = true } = {}) {
    this.advised = this.#ask();
    this.hls.loadSource(this.source.masterUrl);
    this.hls.attachMedia(this.video);
    if (play) this.video.play().catch(() => {});
    this.watch = setInterval(() => this.#observe(), WATCH_MS);
  }

  destroy() {
    this.watchdog.end(this.video.ended ? "ended" : "left");
    this.watchdog.close();
    this.fail();
    this.hls.destroy();
  }

  /** @param {Progress} progress */
  update(progress) {
    this.progress = progress;
    this.policy.update(progress);
    const bufferS = this.bufferGoalS;
    Object.assign(this.hls.config, { maxBufferLength: bufferS, maxMaxBufferLength: bufferS });
    this.#observe();
  }

  /** Seconds of buffer ahead. @returns {number} */
  get bufferGoalS() {
    return isSettled(this.progress) ? BUFFER_READY_S : BUFFER_ENCODING_S;
  }

  /** A stream that is still on, which has no timeline that others could be held to. */
  get isLive() {
    return false;
  }

  /** Seconds from capture to screen, null for what is not live. @returns {number | null} */
  get latencyS() {
    return null;
  }

  /** What statistics there are beside the usual. @returns {[string, string][]} */
  get moreStatistics() {
    return [];
  }

  /** There will be more, but it is not made yet. */
  get awaitsEncoder() {
    return !isSettled(this.progress);
  }

  /** Rendition ids of the levels, lowest first; the CDN folder of a rendition is named by its id. */
  get levelIds() {
    return this.hls.levels.map((level) => new URL(level.uri, location.href).pathname.split("/").at(-2) ?? "");
  }

  /** Rendition id on screen, null before the first picture. */
  get playingId() {
    return this.levelIds[this.hls.currentLevel] ?? null;
  }

  /** Seconds that can be reached now: what is encoded, at most the recording's end. */
  get reachS() {
    const reach = playableReach(this.progress);
    return Number.isFinite(reach) ? reach : this.video.duration || this.progress.duration_s;
  }

  /** Where the buffer around the playhead ends, the playhead itself when there is none. */
  get bufferedEndS() {
    const { buffered, currentTime } = this.video;
    let end = currentTime;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= end + HOLE_S && buffered.end(i) > end) end = buffered.end(i);
    }
    return end;
  }

  /**
   * Choose a rung by rendition id, null for automatic. The buffer ahead is replaced, so the change shows in a moment;
   * where the chosen rung is not encoded yet the nearest one below plays.
   *
   * @param {string | null} renditionId
   */
  pin(renditionId) {
    this.policy.pinned = renditionId;
    this.hls.nextLevel = -1;
    this.dispatchEvent(new Event("quality"));
  }

  /** What the rung policy has to know. @returns {import("./rung-policy.js").PlayerView} */
  get view() {
    const { levelIds, loadedLevel: current, bufferedEndS } = this;
    return { levelIds, current, bufferedEndS };
  }

  /** The server's advice counts when it comes in time; a recording begins without it too. */
  async #ask() {
    const late = new Promise((resolve) => setTimeout(resolve, ADVICE_MS));
    const asked = this.source.advice().then((advice) => advice && this.pilot.heed(advice));
    await Promise.race([asked.catch(() => {}), late]);
  }

  async #startLoading() {
    await this.advised;
    if (this.phase !== "failed") this.hls.startLoad(this.hls.config.startPosition);
  }

  #listen() {
    const { hls, video } = this;
    hls.on(Hls.Events.FRAG_LOADED, (_event, { frag }) => {
      if (frag.type === "main" && frag.sn !== "initSegment") this.loadedLevel = frag.level;
    });
    hls.on(Hls.Events.FRAG_BUFFERED, (_event, { frag }) => {
      // behind the first segment, so that it never waits for this
      if (frag.type === "main") void this.pilot.equip(loadEngine, hls.config.maxBufferLength);
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.dispatchEvent(new Event("quality")));
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.dispatchEvent(new Event("quality"));
      void this.#startLoading();
    });
    keepDuration(hls, video, () => (isSettled(this.progress) ? 0 : this.progress.duration_s));
    video.addEventListener("seeking", () => this.#clampSeek());
    this.#watchNetwork();
  }

  /** A network that was away, or is another kind of network now, is taken as little known. */
  #watchNetwork() {
    window.addEventListener("online", () => this.pilot.forget());
    const connection = /** @type {(EventTarget & {type?: string}) | undefined} */ (Reflect.get(navigator, "connection"));
    let type = connection?.type;
    connection?.addEventListener("change", () => {
      if (connection.type !== type) this.pilot.forget();
      type = connection.type;
    });
  }

  /** Nobody gets stuck beyond the encoder: a seek past what is there lands on the last segment there is. */
  #clampSeek() {
    const lastStartS = Math.max(0, this.reachS - this.progress.segment_s);
    if (isSettled(this.progress) || this.video.currentTime <= this.reachS) return;
    this.video.currentTime = lastStartS;
    this.dispatchEvent(new CustomEvent("clamped", { detail: { reachS: this.reachS } }));
  }

  #observe() {
    if (this.phase === "failed") return;
    const { video } = this;
    this.#judgeDrops();
    const starving = !video.ended && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    const atEdge = this.bufferedEndS >= this.reachS - HOLE_S;
    this.#enter(starving && atEdge && this.awaitsEncoder ? "waiting" : "playing");
  }

  /** Pictures that are dropped count while the page is seen and plays no faster than it was made. */
  #judgeDrops() {
    const { video, hls, pilot } = this;
    const { totalVideoFrames: total, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
    const fair = !video.paused && !video.seeking && !document.hidden && video.playbackRate <= 1;
    pilot.device.drops.feed({ total, dropped }, fair ? hls.currentLevel : -1, performance.now());
  }

  /** @param {PlayerPhase} phase */
  #enter(phase) {
    if (this.phase === phase) return;
    this.phase = phase;
    this.dispatchEvent(new Event("phase"));
  }

  /** Give up: nothing is retried any more. */
  fail() {
    this.watchdog.fail(this.errorPolicy.errors.at(-1)?.details ?? "unknown");
    this.#enter("failed");
    clearInterval(this.watch);
  }
}
