/** The player page: what it shows from the first poll to the last segment. */

import "../vendor/media-chrome-4.19.4/all.js";
import { adviceOf } from "./abr/advice.js";
import { deviceNow } from "./abr/caps.js";
import { Reporter, newSessionId } from "./abr/reporter.js";
import * as api from "./api.js";
import { Details } from "./details.js";
import { h, need } from "./dom.js";
import { clock, outlook } from "./format.js";
import { showAccount } from "./header.js";
import { publishHooks } from "./hooks.js";
import { listenPageWide } from "./keyboard.js";
import { HeadwaterPlayer } from "./player.js";
import { ProgressFeed, isSettled } from "./progress.js";
import { QualityMenu } from "./quality-menu.js";
import { RenditionBars } from "./rendition-bars.js";
import * as session from "./session.js";
import { signInForm } from "./sign-in.js";
import { Stage } from "./stage.js";
import { StatsPanel } from "./stats-panel.js";
import { Stills } from "./stills.js";

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {"loading" | "preparing" | "playing" | "waiting" | "signed-out" | "missing" | "errored" | "failed"} Phase */

const recordingId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const grant = new URLSearchParams(location.search).get("grant");

class WatchPage {
  /** @type {Phase} */
  phase = "loading";
  /** @type {HeadwaterPlayer | null} */
  player = null;
  /** @type {Reporter | null} */
  reporter = null;
  /** @type {QualityMenu | null} */
  menu = null;
  stage = new Stage();
  stats = new StatsPanel(() => this.player);
  stills = new Stills(/** @type {HTMLVideoElement} */ (need("video")));
  details = new Details();
  bars = new RenditionBars(h("ul", { class: "bars" }));
  video = /** @type {HTMLVideoElement} */ (need("video"));
  feed = new ProgressFeed(
    () => api.progress(recordingId, grant),
    (progress) => this.#onProgress(progress),
    (error) => void this.#onRefused(error),
    (reachable) => this.#onReachable(reachable),
  );

  start() {
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
    if (this.player) {
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
    this.stage.showPanel({ title: "This recording cannot be played", text: error.detail, code: error.code });
  }

  /** @param {Progress} progress */
  #prepare(progress) {
    this.phase = "preparing";
    if (progress.recording_status === "uploading") {
      const text = "It can be watched a few seconds after the last byte has arrived.";
      this.stage.showPanel({ title: "The upload is not finished yet", text });
    } else {
      const text = "Playback starts by itself as soon as the first seconds are encoded.";
      const { percent, renditions } = progress;
      const words = outlook(progress); // of the whole, while the title promises the first seconds
      const remark = words && `All renditions: ${words}`;
      this.bars.update(renditions);
      this.stage.showPanel({ title: "Getting the first seconds ready", text, percent, remark, body: this.bars.list });
    }
  }

  /** @param {Progress} progress */
  #play(progress) {
    const masterUrl = api.masterUrl(recordingId, grant);
    const reporter = new Reporter();
    this.reporter = reporter;
    const source = {
      masterUrl,
      headers: session.headers,
      renewCookies: () => api.renewMediaCookies(masterUrl),
      advice: () => askAdvice(reporter),
      tell: reporter.tell.bind(reporter),
    };
    this.player = new HeadwaterPlayer(this.video, source, progress);
    this.menu = new QualityMenu(need("#quality-menu"), need("#quality-button"), this.player);
    this.player.addEventListener("phase", () => this.#showPlayerPhase());
    this.player.addEventListener("clamped", () => {
      const text = `Encoded up to ${clock(this.player?.reachS ?? 0)} so far, so playback goes on from there.`;
      this.stage.showNotice(text, { brief: true });
    });
    // The first that is known of the playlist: from here on there are cookies for the media.
    const opened = () => this.stills.update(this.player?.progress ?? progress);
    this.player.addEventListener("quality", opened, { once: true });
    this.phase = "playing";
    this.stage.showPlayer();
    this.player.start();
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
    this.stage.showPanel({
      title: "Playback stopped",
      text: "The video could not be loaded, although it was tried several times.",
      code: this.player?.errorPolicy.errors.at(-1)?.details,
      body: h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again"),
    });
  }

  /** @param {api.ApiError} error */
  async #onRefused(error) {
    if (error.status === 401 || error.status === 403) {
      await this.#signIn(error);
    } else if (error.status === 404) {
      this.phase = "missing";
      const text = "It may have been deleted, or the link is not complete.";
      this.stage.showPanel({ title: "No such recording", text, code: error.code });
    } else {
      this.#errored({ code: error.code, detail: error.message });
    }
  }

  /** @param {api.ApiError} error */
  async #signIn(error) {
    session.signOut(); // whatever token we had was not good enough
    showAccount();
    const body = await signInForm(() => {
      this.phase = "loading";
      this.start();
    });
    this.phase = "signed-out";
    const title = grant ? "This link no longer works" : "This recording is private";
    const text = grant ? "Ask for a new one, or sign in as its owner." : "Sign in to watch it.";
    this.stage.showPanel({ title, text, code: error.code === "unauthorized" ? "" : error.code, body });
  }

  /** @param {boolean} reachable */
  #onReachable(reachable) {
    if (reachable) this.stage.hideNotice();
    else this.stage.showNotice("The server does not answer. Trying again.");
  }
}

/**
 * The server's advice, which also says where to report; without it reports go to a session of our own.
 *
 * @param {Reporter} reporter
 */
async function askAdvice(reporter) {
  try {
    const advice = adviceOf(await api.recommended(recordingId, grant, deviceNow()));
    reporter.open({ url: advice.eventsUrl, headers: () => ({}) }); // its token is in the address
    return advice;
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    reporter.open({ url: api.eventsUrl(recordingId, newSessionId(), grant), headers: session.headers });
    return null;
  }
}

const page = new WatchPage();
publishHooks(page);
listenPageWide(need("media-controller"), () => page.phase === "playing" || page.phase === "waiting");
page.watchNetwork();
page.start();
