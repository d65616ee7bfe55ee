/** One recording on a stage: what it shows from the first poll to the last segment, on whatever page that is. */

import "../vendor/media-chrome-4.19.4/all.js";
import { Reporter } from "./abr/reporter.js";
import * as api from "./api.js";
import { h, need, setText } from "./dom.js";
import { clock } from "./format.js";
import { listenForTenths, listenPageWide } from "./keyboard.js";
import { LiveView } from "./live/live-view.js";
import { playbackSource, renewedVideo } from "./playback-source.js";
import { HeadwaterPlayer } from "./player.js";
import { fillStage } from "./player-parts.js";
import { ProgressFeed, isSettled } from "./progress.js";
import { QualityMenu } from "./quality-menu.js";
import { Memory } from "./remember.js";
import { RenditionBars } from "./rendition-bars.js";
import { Stage } from "./stage.js";
import { Stills } from "./stills.js";
import { erroredPanel, failedPanel, preparingPanel } from "./watch-panels.js";

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {"loading" | "preparing" | "idle" | "playing" | "waiting" | "ended" | "signed-out" | "missing" | "errored" | "failed"} Phase */

/**
 * @typedef {object} Options
 * @property {string} recordingId
 * @property {string | null} [grant]
 * @property {boolean} [autoplay]       false waits for the viewer, and neither loads media nor begins a session before
 * @property {number | null} [startS]   where to begin, null where it was left
 * @property {(progress: Progress) => void} [onProgress]
 * @property {(error: api.ApiError) => void} onRefused  it cannot be followed any more: a panel is the page's to show
 */

export class Theatre {
  /** @type {Phase} */
  phase = "loading";
  /** @type {HeadwaterPlayer | null} */
  player = null;
  /** While it is a live stream. @type {LiveView | null} */
  live = null;
  /** @type {Reporter | null} */
  reporter = null;
  /** @type {QualityMenu | null} */
  menu = null;
  /** Where playing begins, once: afterwards at the beginning. @type {number | null | undefined} */
  #startS;
  /** What the next session waited for was not the network, so it begins when it can be played. */
  #waited = false;
  #begin;

  /** @param {Options} options */
  constructor(options) {
    this.options = { grant: null, autoplay: true, startS: null, onProgress: () => {}, ...options };
    const { controller, begin } = fillStage(need("#stage"));
    this.controller = /** @type {import("./keyboard.js").MediaController} */ (controller);
    this.#begin = begin;
    this.#startS = this.options.startS;
    this.video = /** @type {HTMLVideoElement} */ (need("video"));
    this.stage = new Stage();
    this.stills = new Stills(this.video);
    this.memory = new Memory(options.recordingId);
    this.bars = new RenditionBars(h("ul", { class: "bars" }));
    this.feed = new ProgressFeed(
      () => api.progress(this.options.recordingId, this.options.grant),
      (progress) => this.#onProgress(progress),
      (error) => {
        this.#waited = true;
        this.options.onRefused(error);
      },
      (reachable) => this.#onReachable(reachable),
    );
    begin.addEventListener("click", () => void this.video.play().catch(() => {}));
    const enabled = () => ["idle", "playing", "waiting"].includes(this.phase);
    listenPageWide(this.controller, enabled);
    listenForTenths(() => this.video, enabled);
    this.#watchNetwork();
  }

  start() {
    this.phase = "loading";
    this.feed.start();
  }

  /** Play what is there now from where it is: captions that came or went show only so. */
  reload() {
    const { player } = this;
    if (!player || this.live) return;
    const { currentTime, paused } = this.video;
    player.destroy();
    this.#renew();
    if (paused) this.#wait(player.progress, currentTime);
    else this.#play(player.progress, currentTime);
  }

  /** @param {Progress} progress */
  #onProgress(progress) {
    this.options.onProgress(progress);
    if (progress.recording_status === "waiting") {
      this.#stopFollowing();
      this.#prepare(progress);
    } else if (progress.recording_status === "live") {
      this.#follow();
    } else if (this.live) {
      if (progress.playable) this.live.finish();
      else if (progress.error && isSettled(progress)) this.#errored(progress.error);
    } else if (this.player) {
      const goesOn = isSettled(this.player.progress) && !isSettled(progress);
      this.player.update(progress);
      if (goesOn) return this.reload(); // its playlists had ended, and grow again
      if (this.player.levelIds.length) this.stills.update(progress);
      this.menu?.update();
      this.#showPlayerPhase();
      this.#showEarlyEnd(progress);
    } else if (progress.error && isSettled(progress) && !progress.playable) {
      this.#errored(progress.error);
    } else if (progress.playable) {
      this.#open(progress);
      this.#showEarlyEnd(progress, { brief: true });
    } else {
      this.#prepare(progress);
    }
  }

  /**
   * What plays may end before the recording does; one that is ready has its whole ladder, whatever became of a later job.
   *
   * @param {Progress} progress
   * @param {{brief?: boolean}} [options]
   */
  #showEarlyEnd({ error, recording_status: status }, options) {
    if (error && status !== "ready") this.stage.showNotice(`Encoding stopped here. ${error.detail}`, options);
  }

  /** @param {import("./types.js").Failure} error */
  #errored(error) {
    this.phase = "errored";
    this.stage.showPanel(erroredPanel(error));
  }

  /** @param {Progress} progress */
  #prepare(progress) {
    this.phase = "preparing";
    this.#waited = true;
    this.bars.update(progress.renditions);
    this.stage.showPanel(preparingPanel(progress, this.bars.list));
  }

  /** The stream itself says what is new; its recording is asked for again when it is over. */
  #follow() {
    if (this.live) return;
    this.feed.stop();
    if (!this.options.autoplay) this.video.muted = true; // a stream does not wait to be asked, but it can keep quiet
    this.live = new LiveView({
      recordingId: this.options.recordingId,
      grant: this.options.grant,
      stage: this.stage,
      video: this.video,
      source: () => this.#source(0),
      onPlayer: (player) => this.#show(player),
      onPhase: () => {
        this.phase = this.live?.phase ?? "loading";
        if (this.phase === "failed") this.#playbackFailed();
      },
      onEnded: () => this.feed.start(),
      playRecording: (fromEndS) => this.#playRecording(fromEndS),
    });
    this.live.start();
  }

  /** A stream that is over goes on as its recording. @param {number | null} fromEndS  null from its beginning */
  #playRecording(fromEndS) {
    const progress = /** @type {Progress} */ (this.feed.last);
    this.#stopFollowing();
    this.#renew();
    this.#play(progress, fromEndS === null ? 0 : Math.max(0, progress.duration_s - fromEndS));
    if (fromEndS !== null) this.stage.showNotice("The stream has ended. This is its recording.", { brief: true });
  }

  #renew() {
    this.video = renewedVideo(this.video);
    this.stills = new Stills(this.video);
  }

  #stopFollowing() {
    this.live?.stop();
    this.live = null;
    this.player = null;
    void this.reporter?.flush();
  }

  /** A session of its own, with its own reports. @param {number} openedMs  when the viewer asked for it */
  #source(openedMs) {
    const reporter = new Reporter();
    this.reporter = reporter;
    const nowMs = this.#waited || this.live?.waited ? performance.now() : 0;
    this.#waited = true;
    return playbackSource(this.options.recordingId, this.options.grant, reporter, openedMs || nowMs);
  }

  /** @param {HeadwaterPlayer} player */
  #show(player) {
    this.player = player;
    for (const before of need("#quality-menu").querySelectorAll("media-chrome-menu-item")) before.remove();
    this.menu = new QualityMenu(need("#quality-menu"), need("#quality-button"), player);
  }

  /** It can be played: from where its link says, or where it was left. @param {Progress} progress */
  #open(progress) {
    const asked = this.#startS ?? null;
    this.#startS = 0;
    const reachS = isSettled(progress) ? progress.duration_s : Math.max(0, ...progress.renditions.map((r) => r.available_s));
    const left = asked === null ? this.memory.placeS(reachS) : null;
    const fromS = Math.min(asked ?? left ?? 0, Math.max(0, reachS - progress.segment_s));
    if (this.options.autoplay) this.#play(progress, fromS);
    else this.#wait(progress, fromS);
    if (left !== null) this.stage.showNotice(`Going on at ${clock(left)}, where you left it. Press 0 to start over.`, { brief: true });
  }

  /**
   * The poster, until somebody wants to see more.
   *
   * @param {Progress} progress
   * @param {number} fromS
   */
  #wait(progress, fromS) {
    if (this.phase === "idle") return;
    this.phase = "idle";
    this.player = null;
    this.stage.showPlayer();
    this.#begin.hidden = false;
    setText(need("#begin-length"), clock(progress.duration_s));
    const { video, stills } = this;
    const begin = () => {
      this.#begin.hidden = true;
      if (this.phase === "idle") this.#play(this.feed.last ?? progress, fromS, performance.now());
    };
    video.addEventListener("play", begin, { once: true });
    const cookies = api.renewMediaCookies(api.masterUrl(this.options.recordingId, this.options.grant));
    cookies.then(() => stills.update(progress)).catch(() => {}); // a poster is an extra
  }

  /**
   * @param {Progress} progress
   * @param {number} fromS
   * @param {number} [openedMs]  when it was asked for, on performance.now()'s clock
   */
  #play(progress, fromS, openedMs = 0) {
    this.memory.follow(this.video);
    const source = { ...this.#source(openedMs), hlsConfig: { startPosition: fromS } };
    const player = new HeadwaterPlayer(this.video, source, progress);
    this.#show(player);
    player.addEventListener("phase", () => this.#showPlayerPhase());
    player.addEventListener("clamped", () => {
      const text = `Encoded up to ${clock(player.reachS)} so far, so playback goes on from there.`;
      this.stage.showNotice(text, { brief: true });
    });
    // The first that is known of the playlist: from here on there are cookies for the media.
    const opened = () => this.stills.update(player.progress);
    player.addEventListener("quality", opened, { once: true });
    this.phase = "playing";
    this.stage.showPlayer();
    player.start();
  }

  #showPlayerPhase() {
    const player = /** @type {HeadwaterPlayer} */ (this.player);
    const before = this.phase;
    this.phase = player.phase;
    if (player.phase === "waiting") {
      this.stage.showNotice(`Still encoding. ${clock(player.reachS)} is ready; playback goes on by itself.`);
    } else if (before === "waiting") {
      this.stage.hideNotice();
    }
    if (player.phase === "failed" && before !== "failed") this.#playbackFailed();
  }

  #playbackFailed() {
    this.stage.showPanel(failedPanel(this.player?.errorPolicy.errors.at(-1)?.details));
  }

  /** Say so while there is no network. */
  #watchNetwork() {
    window.addEventListener("offline", () => {
      if (this.player) this.stage.showNotice("There is no network. Playing goes on as far as it is buffered.");
    });
    window.addEventListener("online", () => this.stage.hideNotice());
  }

  /** @param {boolean} reachable */
  #onReachable(reachable) {
    if (reachable) this.stage.hideNotice();
    else this.stage.showNotice("The server does not answer. Trying again.");
  }
}
