/** Follows a live stream: near its edge until the viewer goes back, and there again at the press of a button. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { HeadwaterPlayer } from "../player.js";
import { isLive, latencyS, ServerClock } from "./latency.js";
import { BUFFER_S, liveConfig, targetsBehind } from "./live-config.js";

/** @typedef {import("./feed.js").LiveFeed} LiveFeed */
/** @typedef {import("../types.js").Progress} Progress */
/** @typedef {{id: string, name: string, bitrate_kbps: number, width: number, height: number}} Quality */

const LOOK_MS = 250;
/** Without a stall for so long, the distance kept because of one is given up. */
const CALM_MS = 60_000;
/**
 * Further behind than so many times what is aimed at, and for so long, without the viewer's doing, is made good by a
 * leap: hls.js plays faster only within twice its aim, counted from when the last segment was announced.
 */
const LEAP_AIMS = 2;
const LEAP_AFTER_MS = 2000;
/** A seek may land so close to the edge that there is nothing left to play. */
const NEARLY_S = 0.3;

/**
 * A stream in the words of a recording, as the rest of the player knows them.
 *
 * @param {string} recordingId
 * @returns {Progress}
 */
function asProgress(recordingId) {
  return {
    recording_id: recordingId,
    title: "",
    job_id: null,
    recording_status: "ready",
    status: "completed",
    percent: 100,
    eta_s: null,
    cost: null,
    playable: true,
    duration_s: 0,
    segment_s: 2,
    error: null,
    poster_url: null,
    storyboard_url: null,
    renditions: [],
  };
}

export class LivePlayer extends HeadwaterPlayer {
  clock = new ServerClock();
  /** The viewer wants what is newest: has neither gone back nor paused. */
  following = true;
  /** The encoder is away, so running dry is nobody's fault. */
  encoderAway = false;
  /** @type {Quality[]} */
  qualities = [];
  /** Rendition the server would play, "" while it has not said. */
  serverChoice = "";
  #aimS = 0;
  /** @type {number | null} */
  #farSinceMs = null;
  #stalls = { count: 0, atMs: 0 };

  /**
   * @param {HTMLVideoElement} video
   * @param {import("../player.js").Source} source
   * @param {string} recordingId
   * @param {LiveFeed} feed
   */
  constructor(video, source, recordingId, feed) {
    super(video, { ...source, hlsConfig: liveConfig(feed) }, asProgress(recordingId));
    this.feed = feed;
    this.hls.on(Hls.Events.MANIFEST_PARSED, () => this.#describe());
    this.hls.on(Hls.Events.LEVEL_UPDATED, () => this.#pace());
    feed.addEventListener("change", this.#pace);
    video.addEventListener("seeking", this.#onSeeking);
    video.addEventListener("pause", this.#onPause);
    this.look = setInterval(() => this.#look(), LOOK_MS);
  }

  get bufferGoalS() {
    return BUFFER_S;
  }

  get isLive() {
    return true;
  }

  get awaitsEncoder() {
    return this.encoderAway;
  }

  get reachS() {
    return this.edgeS;
  }

  /** Where the playlist ends, in seconds of the timeline. */
  get edgeS() {
    return this.hls?.latestLevelDetails?.edge ?? 0;
  }

  /** Seconds between playhead and edge. */
  get behindS() {
    return Math.max(0, this.edgeS - this.video.currentTime);
  }

  /** Seconds from capture to screen by the server's clock, null while unknown. */
  get latencyS() {
    const captured = this.hls.playingDate;
    return latencyS(captured && captured.getTime() / 1000, this.clock.at(Date.now() / 1000));
  }

  /** True while what is newest is on screen. */
  get atEdge() {
    return isLive(this.behindS, this.#wantedS, this.feed.targetS);
  }

  /** The encoder is back: what ran dry meanwhile says nothing of the link. */
  resume() {
    this.encoderAway = false;
    this.#aim(this.#aimS || targetsBehind(this.feed) * this.feed.targetS);
  }

  /** For the statistics. @returns {[string, string][]} */
  get moreStatistics() {
    const { feed, latencyS: latency, behindS, qualities, serverChoice } = this;
    const how = feed.pushed && feed.source === "push" ? "announced" : "polled for";
    return [
      ["Behind", `${behindS.toFixed(1)} s the edge${latency === null ? "" : `, ${latency.toFixed(1)} s the camera`}`],
      ["Segments", `${how}, ${feed.polls} playlist${feed.polls === 1 ? "" : "s"} fetched`],
      ["Advised", qualities.find(({ id }) => id === serverChoice)?.name ?? serverChoice],
    ];
  }

  /** Back to what is newest. */
  goLive() {
    this.following = true;
    this.#leap();
    this.video.play().catch(() => {});
  }

  /** Names and rates as the server gives them. @param {Quality[]} qualities */
  name(qualities) {
    this.qualities = qualities;
    this.#describe();
  }

  fail() {
    super.fail();
    clearInterval(this.look);
    this.feed.removeEventListener("change", this.#pace);
    this.video.removeEventListener("seeking", this.#onSeeking);
    this.video.removeEventListener("pause", this.#onPause);
  }

  get #wantedS() {
    return this.hls.targetLatency ?? targetsBehind(this.feed) * this.feed.targetS;
  }

  /** The rungs, once hls.js knows them. */
  #describe() {
    const { levelIds, hls, feed } = this;
    if (!levelIds.length) return;
    const renditions = hls.levels.map(({ width, height, averageBitrate, frameRate }, index) => {
      const id = levelIds[index] ?? "";
      const known = this.qualities.find((quality) => quality.id === id);
      return {
        id,
        name: known?.name ?? id,
        kind: /** @type {const} */ ("video"),
        width,
        height,
        bitrate_kbps: known?.bitrate_kbps ?? Math.round(averageBitrate / 1000),
        frame_rate: frameRate,
        percent: 100,
        fps: 0,
        speed: 0,
        available_s: 0,
        status: /** @type {const} */ ("completed"),
      };
    });
    this.update({ ...this.progress, segment_s: feed.targetS, renditions });
    this.dispatchEvent(new Event("quality"));
  }

  /** How near the edge it can be depends on how soon a segment is known. */
  #pace = () => {
    const { feed, progress } = this;
    const aimS = targetsBehind(feed) * feed.targetS;
    if (aimS !== this.#aimS) this.#aim(aimS);
    if (progress.segment_s !== feed.targetS) this.#describe();
  };

  /** hls.js keeps further away after a stall; with the aim that is forgotten. @param {number} seconds */
  #aim(seconds) {
    this.#aimS = seconds;
    this.#stalls = { count: this.watchdog.stalls.count, atMs: performance.now() };
    this.hls.targetLatency = seconds;
  }

  /** Nobody is left beyond what there is; what is buffered is there, and hls.js leaps over holes in it. */
  #onSeeking = () => {
    const { video, hls } = this;
    const most = hls.latestLevelDetails?.live ? hls.liveSyncPosition : null;
    const empty = this.bufferedEndS - video.currentTime < NEARLY_S;
    if (most !== null && empty && video.currentTime > most + NEARLY_S) video.currentTime = most;
    this.following = this.atEdge;
  };

  #onPause = () => {
    if (!this.video.ended) this.following = false;
  };

  #look() {
    const { video, hls } = this;
    const { count } = this.watchdog.stalls;
    if (count !== this.#stalls.count) this.#stalls = { count, atMs: performance.now() };
    else if (count && performance.now() - this.#stalls.atMs > CALM_MS) this.#aim(this.#aimS);
    if (video.paused || video.seeking || !hls.latestLevelDetails?.live) return;
    if (this.atEdge) this.following = true;
    const far = this.following && this.behindS > LEAP_AIMS * this.#wantedS && video.readyState > 0;
    this.#farSinceMs = far ? (this.#farSinceMs ?? performance.now()) : null;
    if (this.#farSinceMs !== null && performance.now() - this.#farSinceMs > LEAP_AFTER_MS) this.#leap();
  }

  #leap() {
    const at = this.hls.liveSyncPosition;
    if (at !== null) this.video.currentTime = at;
  }
}
