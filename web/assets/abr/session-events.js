/** What a playback session tells, in CMCD's words (CTA-5004); where it has none in ours. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";

/** @typedef {import("../player.js").HeadwaterPlayer} HeadwaterPlayer */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Fragment} Fragment */

/**
 * @typedef {"join" | "start" | "segment" | "abandon" | "stall" | "switch" | "seek" | "pause" | "resume" | "error" | "end"} Kind
 * @typedef {Record<string, unknown>} Facts
 * @typedef {(kind: Kind, facts: Facts) => void} Tell
 */

/** Shorter pauses nobody sees. */
const STALL_MS = 80;

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
  /** Stalls so far, for the statistics. */
  stalls = { count: 0, seconds: 0 };
  /** From opening the page to the first picture, null before it. @type {number | null} */
  startupMs = null;

  /**
   * @param {HeadwaterPlayer} player
   * @param {Tell} tell
   */
  constructor(player, tell) {
    this.player = player;
    this.tell = (/** @type {Kind} */ kind, /** @type {Facts} */ facts = {}) =>
      tell(kind, { ...facts, pt: whole(1000 * player.video.currentTime), pr: player.video.playbackRate });
    this.#watchLoading(player);
    this.#watchPlaying(player.video);
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
      if (fatal) this.tell("error", { code: details, status: response?.code ?? 0 });
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_event, { level }) => {
      if (this.#level >= 0 && this.#level !== level) this.tell("switch", this.#rung(level));
      this.#level = level;
    });
    pilot.device.addEventListener("probed", () => this.tell("join", pilot.device.facts(pilot.rungs)), { once: true });
    pilot.addEventListener("abandoned", (event) => {
      this.#segment(/** @type {CustomEvent<{frag: Fragment}>} */ (event).detail.frag, "abandon");
    });
  }

  /** @param {HTMLVideoElement} video */
  #watchPlaying(video) {
    video.requestVideoFrameCallback((now) => {
      this.startupMs = now;
      this.tell("start", { su: true, startup_ms: whole(now), bl: this.#bufferMs });
    });
    video.addEventListener("waiting", () => this.#starve());
    for (const name of ["playing", "seeking", "ended", "pause"]) video.addEventListener(name, () => this.#resume());
    video.addEventListener("seeking", () => this.tell("seek"));
    video.addEventListener("pause", () => !video.ended && this.tell("pause"));
    video.addEventListener("play", () => video.played.length > 0 && this.tell("resume"));
    video.addEventListener("ended", () => this.tell("end"));
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

  /** Pictures shown and dropped since the last segment. */
  #shown() {
    const { totalVideoFrames: total, droppedVideoFrames: dropped } = this.player.video.getVideoPlaybackQuality();
    const before = total < this.#frames.total ? { total: 0, dropped: 0 } : this.#frames;
    this.#frames = { total, dropped };
    return { total_frames: total - before.total, dropped_frames: dropped - before.dropped };
  }
}
