/** The player page: what it shows from the first poll to the last segment. */

import "../vendor/media-chrome-4.19.4/all.js";
import { Reporter } from "./abr/reporter.js";
import * as api from "./api.js";
import { Details } from "./details.js";
import { h, need } from "./dom.js";
import { clock } from "./format.js";
import { showAccount } from "./header.js";
import { publishHooks } from "./hooks.js";
import { listenPageWide } from "./keyboard.js";
import { LiveView } from "./live/live-view.js";
import { playbackSource, renewedVideo } from "./playback-source.js";
import { HeadwaterPlayer } from "./player.js";
import { ProgressFeed, isSettled } from "./progress.js";
import { QualityMenu } from "./quality-menu.js";
import { RenditionBars } from "./rendition-bars.js";
import * as session from "./session.js";
import { signInForm } from "./sign-in.js";
import { Stage } from "./stage.js";
import { StatsPanel } from "./stats-panel.js";
import { Stills } from "./stills.js";
import { erroredPanel, failedPanel, missingPanel, preparingPanel, privatePanel } from "./watch-panels.js";

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {"loading" | "preparing" | "playing" | "waiting" | "ended" | "signed-out" | "missing" | "errored" | "failed"} Phase */

const recordingId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const grant = new URLSearchParams(location.search).get("grant");

class WatchPage {
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
  video = /** @type {HTMLVideoElement} */ (need("video"));
  stage = new Stage();
  stats = new StatsPanel(() => this.player);
  stills = new Stills(this.video);
  details = new Details();
  bars = new RenditionBars(h("ul", { class: "bars" }));
  feed = new ProgressFeed(
    () => api.progress(recordingId, grant),
    (progress) => this.#onProgress(progress),
    (error) => void this.#onRefused(error),
    (reachable) => this.#onReachable(reachable),
  );

  start() {
    this.phase = "loading";
    showAccount();
    this.feed.start();
    void this.#loadRecording();
  }

  /** Say so while there is no network. */
  watchNetwork() {
    window.addEventListener("offline", () => {
      if (this.player) this.stage.showNotice("There is no network. Playing goes on as far as it is buffered.");
    });
    window.addEventListener("online", () => this.stage.hideNotice());
  }

  /** Title and owner are for those who may read the recording; a link's viewer does without. */
  async #loadRecording() {
    if (!session.current()) return;
    try {
      this.details.showRecording(await api.recording(recordingId));
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
    }
  }

  /** @param {Progress} progress */
  #onProgress(progress) {
    this.details.showProgress(progress);
    if (progress.recording_status === "waiting") {
      this.#stopFollowing();
      this.#prepare(progress);
    } else if (progress.recording_status === "live") {
      this.#follow();
    } else if (this.live) {
      if (progress.playable) this.live.finish();
      else if (progress.error && isSettled(progress)) this.#errored(progress.error);
    } else if (this.player) {
      this.player.update(progress);
      if (this.player.levelIds.length) this.stills.update(progress);
      this.menu?.update();
      this.#showPlayerPhase();
      this.#showEarlyEnd(progress);
    } else if (progress.error && isSettled(progress) && !progress.playable) {
      this.#errored(progress.error);
    } else if (progress.playable) {
      this.#play(progress);
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
    this.bars.update(progress.renditions);
    this.stage.showPanel(preparingPanel(progress, this.bars.list));
  }

  /** The stream itself says what is new; its recording is asked for again when it is over. */
  #follow() {
    if (this.live) return;
    this.feed.stop();
    this.live = new LiveView({
      recordingId,
      grant,
      stage: this.stage,
      video: this.video,
      source: () => this.#source(),
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
    this.video = renewedVideo(this.video);
    this.stills = new Stills(this.video);
    this.#play(progress, fromEndS === null ? 0 : Math.max(0, progress.duration_s - fromEndS));
    if (fromEndS !== null) this.stage.showNotice("The stream has ended. This is its recording.", { brief: true });
  }

  #stopFollowing() {
    this.live?.stop();
    this.live = null;
    this.player = null;
    void this.reporter?.flush();
  }

  /** A session of its own, with its own reports. */
  #source() {
    const reporter = new Reporter();
    this.reporter = reporter;
    return playbackSource(recordingId, grant, reporter);
  }

  /** @param {HeadwaterPlayer} player */
  #show(player) {
    this.player = player;
    need("#quality-menu").replaceChildren();
    this.menu = new QualityMenu(need("#quality-menu"), need("#quality-button"), player);
  }

  /**
   * @param {Progress} progress
   * @param {number} [fromS]
   */
  #play(progress, fromS = 0) {
    this.#show(new HeadwaterPlayer(this.video, { ...this.#source(), hlsConfig: { startPosition: fromS } }, progress));
    const player = /** @type {HeadwaterPlayer} */ (this.player);
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

  /** @param {api.ApiError} error */
  async #onRefused(error) {
    if (error.status === 401 || error.status === 403) {
      await this.#signIn(error);
    } else if (error.status === 404) {
      this.phase = "missing";
      this.stage.showPanel(missingPanel(error.code));
    } else {
      this.#errored({ code: error.code, detail: error.message });
    }
  }

  /** @param {api.ApiError} error */
  async #signIn(error) {
    session.signOut(); // whatever token we had was not good enough
    showAccount();
    const body = await signInForm(() => this.start());
    this.phase = "signed-out";
    this.stage.showPanel(privatePanel(grant !== null, error.code, body));
  }

  /** @param {boolean} reachable */
  #onReachable(reachable) {
    if (reachable) this.stage.hideNotice();
    else this.stage.showNotice("The server does not answer. Trying again.");
  }
}

const page = new WatchPage();
publishHooks(page);
listenPageWide(need("media-controller"), () => page.phase === "playing" || page.phase === "waiting");
page.watchNetwork();
page.start();
