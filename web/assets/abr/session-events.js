/** What a playback session tells, in CMCD's words (CTA-5004); where it has none in ours. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { deviceNow } from "./caps.js";
import { deviceKind, viewerId } from "./viewer.js";
import { WatchTime } from "./watch-time.js";

/** @typedef {import("../player.js").HeadwaterPlayer} HeadwaterPlayer */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Fragment} Fragment */

/**
 * @typedef {"join" | "start" | "segment" | "abandon" | "stall" | "switch" | "seek" | "pause" | "resume" | "error" | "end"} Kind
 * @typedef {Record<string, unknown>} Facts
 * @typedef {(kind: Kind, facts: Facts) => void} Tell
 */

/** Why a session ends: it was played to its end, the viewer left, or it could not go on. @typedef {"ended" | "left" | "failed"} End */

/** Shorter pauses nobody sees. */
const STALL_MS = 80;
/** Ranges of the recording in one event, and the events that carry them. */
const SEEN_MOST = 16;
const SEEN_IN = new Set(["segment", "pause", "seek", "stall", "end"]);

const whole = (/** @type {number} */ value) => Math.round(value);

export class SessionWatch {
  /** When playing stopped for want of data, 0 while it goes on. */
  #stalledAt = 0;
  /** Milliseconds stalled since the last segment, and whether the buffer ran empty. */
  #stalledMs = 0;
  #starved = false;
  #level = -1;
  /** Counters at the last segment's report. */
  #frames = { total: 0, dropped: 0 };
  /** Milliseconds of buffer when a segment was asked for. */
  #before = 0;
  /** Nothing was told after the end. */
  #ended = false;
  #closed = false;
  /** Stalls so far, for the statistics. */
  stalls = { count: 0, seconds: 0 };
  /** From opening to the first picture, null before it. @type {number | null} */
  startupMs = null;

  /**
   * @param {HeadwaterPlayer} player
   * @param {Tell} tell
   * @param {number} [openedMs]  when the viewer asked for it, on the clock of performance.now(); 0 is the page's own opening
   */
  constructor(player, tell, openedMs = 0) {
    this.player = player;
    this.openedMs = openedMs;
    this.played = new WatchTime(player.video);
    this.tell = (/** @type {Kind} */ kind, /** @type {Facts} */ facts = {}) => {
      if (this.#closed) return;
      tell(kind, { ...facts, ...this.#place(kind) });
      this.#ended = kind === "end";
    };
    this.#join();
    this.#watchLoading(player);
    this.#watchPlaying(player.video);
    // caught on its way down: the reporter sends what there is when the same event comes to it
    window.addEventListener("pagehide", this.#onLeave, { capture: true });
  }

  /** Who has come, and with what, before anything plays. */
  #join() {
    const viewer = viewerId();
    this.tell("join", {
      ...deviceNow(),
      ...(viewer ? { vid: viewer } : {}),
      device: deviceKind(),
      live: this.player.isLive,
      embed: location.pathname.startsWith("/embed/"),
    });
  }

  /** Where it is, how long it has played, and what was seen since that was last told. @param {Kind} kind */
  #place(kind) {
    const { video, isLive } = this.player;
    const seen = !isLive && SEEN_IN.has(kind) ? this.played.take(SEEN_MOST) : [];
    return { pt: whole(1000 * video.currentTime), pr: video.playbackRate, wt: this.played.ms, ...(seen.length ? { seen } : {}) };
  }

  #onLeave = () => this.end("left");

  /** Say that it is over, unless that was the last thing said: who comes back to the page goes on with the same session. @param {End} reason */
  end(reason) {
    if (this.#ended) return;
    this.#resume();
    const { total: frames, dropped: df } = this.#counted();
    this.tell("end", { reason, frames, df });
  }

  /** It could not go on. @param {string} code */
  fail(code) {
    if (this.#closed) return;
    this.tell("error", { code, fatal: true });
    this.end("failed");
    this.close();
  }

  /** Nothing more is told. */
  close() {
    this.#closed = true;
    window.removeEventListener("pagehide", this.#onLeave, { capture: true });
  }

  /** @param {HeadwaterPlayer} player */
  #watchLoading({ hls, pilot }) {
    hls.on(Hls.Events.FRAG_LOADING, (_event, { frag }) => {
      if (frag.type === "main") this.#before = this.#bufferMs;
    });
    hls.on(Hls.Events.FRAG_LOADED, (_event, { frag }) => {
      if (frag.type === "main" && frag.sn !== "initSegment") this.#segment(frag, "segment");
    });
    hls.on(Hls.Events.ERROR, (_event, { fatal, details, response }) => {
      if (fatal) this.tell("error", { code: details, status: response?.code ?? 0, fatal: false }); // fail() tells the last one
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_event, { level }) => {
      if (this.#level >= 0 && this.#level !== level) this.tell("switch", this.#rung(level));
      this.#level = level;
    });
    const told = () => this.tell("join", { ...pilot.device.facts(pilot.rungs), device: deviceKind() });
    pilot.device.addEventListener("probed", told, { once: true });
    pilot.addEventListener("abandoned", (event) => {
      this.#segment(/** @type {CustomEvent<{frag: Fragment}>} */ (event).detail.frag, "abandon");
    });
  }

  /** @param {HTMLVideoElement} video */
  #watchPlaying(video) {
    video.requestVideoFrameCallback((now) => {
      this.startupMs = Math.max(0, now - this.openedMs);
      this.tell("start", { su: true, startup_ms: whole(this.startupMs), bl: this.#bufferMs });
    });
    video.addEventListener("waiting", () => this.#starve());
    for (const name of ["playing", "seeking", "ended", "pause"]) video.addEventListener(name, () => this.#resume());
    video.addEventListener("seeking", () => this.tell("seek"));
    video.addEventListener("pause", () => !video.ended && this.tell("pause"));
    video.addEventListener("play", () => video.played.length > 0 && this.tell("resume"));
    video.addEventListener("ended", () => this.end("ended"));
  }

  /** Seeking, starting and waiting for the encoder are not the network's doing. */
  #starve() {
    const { video, phase } = this.player;
    if (video.seeking || video.played.length === 0 || phase !== "playing") return;
    this.#stalledAt ||= performance.now();
    this.#starved = true;
  }

  #resume() {
    const lastedMs = this.#stalledAt && performance.now() - this.#stalledAt;
    this.#stalledAt = 0;
    if (lastedMs < STALL_MS) return;
    this.#stalledMs += lastedMs;
    this.stalls.count += 1;
    this.stalls.seconds += lastedMs / 1000;
    this.tell("stall", { bs: true, stall_ms: whole(lastedMs), bl: this.#bufferMs });
  }

  get #bufferMs() {
    const { bufferedEndS, video } = this.player;
    return whole(1000 * Math.max(0, bufferedEndS - video.currentTime));
  }

  /** @param {number} level */
  #rung(level) {
    const { levelIds, pilot } = this.player;
    const { rungs } = pilot;
    return { rendition: levelIds[level] ?? "", br: whole(rungs[level]?.kbps ?? 0), tb: whole(rungs.at(-1)?.kbps ?? 0) };
  }

  /**
   * @param {Fragment} frag
   * @param {"segment" | "abandon"} kind
   */
  #segment(frag, kind) {
    const { pilot, hls } = this.player;
    const { loaded, loading } = frag.stats;
    const stalledMs = this.#stalledMs + (this.#stalledAt && performance.now() - this.#stalledAt);
    const predicted = pilot.estimateBps();
    this.tell(kind, {
      ...this.#rung(frag.level),
      ...(pilot.sample ? { mtp: whole(pilot.sample.kbps) } : {}),
      ...(predicted === null ? {} : { predicted: whole(predicted / 1000) }),
      ...this.#shown(),
      ...this.#latency(),
      ot: "v",
      sf: "h",
      st: hls.latestLevelDetails?.live ? "l" : "v",
      d: whole(1000 * frag.duration),
      bl: this.#bufferMs,
      bs: this.#starved,
      stall_ms: whole(stalledMs),
      ttfb_ms: whole(Math.max(0, (loading.first || performance.now()) - loading.start)),
      duration_ms: whole(Math.max(0, (loading.end || performance.now()) - loading.start)),
      index: Number(frag.sn),
      bytes: loaded,
      bl_before: this.#before,
      reason: pilot.choice?.reason ?? "",
    });
    this.#starved = false;
    this.#stalledMs = 0;
  }

  /** How far behind the camera, of a stream. */
  #latency() {
    const { latencyS } = this.player;
    return latencyS === null ? {} : { latency_ms: whole(1000 * latencyS) };
  }

  #counted() {
    const { totalVideoFrames: total, droppedVideoFrames: dropped } = this.player.video.getVideoPlaybackQuality();
    return { total, dropped };
  }

  /** Pictures shown and dropped since the last segment. */
  #shown() {
    const { total, dropped } = this.#counted();
    const before = total < this.#frames.total ? { total: 0, dropped: 0 } : this.#frames;
    this.#frames = { total, dropped };
    return { total_frames: total - before.total, dropped_frames: dropped - before.dropped };
  }
}
