/** The watch page while its recording is a live stream: before it begins, on the air, paused, and when it is over. */

import * as api from "../api.js";
import { showOnAir } from "../details.js";
import { need, setText } from "../dom.js";
import { beginningPanel } from "../watch-panels.js";
import { LiveControls } from "./controls.js";
import { Ending } from "./ending.js";
import { LiveFeed } from "./feed.js";
import { LatencyReports } from "./latency-reports.js";
import { isQuiet, watchingWords } from "./latency.js";
import { LivePlayer } from "./live-player.js";
import { LiveSocket } from "./socket.js";

/** @typedef {import("../types.js").Progress} Progress */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("./socket.js").Message} Message */

const PROBE_MS = 3000;
/** The same while the first segment would be announced. */
const TOLD_PROBE_MS = 15_000;
/** Segments that only playlists told of, picture and sound by themselves, before the socket counts as deaf. */
const DEAF = 4;
const JUDGE_MS = 1000;

/**
 * @typedef {object} Host  the page
 * @property {string} recordingId
 * @property {string | null} grant
 * @property {Stage} stage
 * @property {HTMLVideoElement} video
 * @property {() => import("../player.js").Source} source
 * @property {(player: LivePlayer) => void} onPlayer
 * @property {() => void} onPhase
 * @property {() => void} onEnded                     no more will come: the recording is next
 * @property {(fromEndS: number | null) => void} playRecording  from so many seconds before its end, null for its beginning
 */

export class LiveView {
  /** @type {"loading" | "preparing" | "playing" | "waiting" | "ended" | "failed"} */
  phase = "loading";
  /** As the server says. @type {"active" | "paused" | "stopped"} */
  status = "active";
  /** @type {LivePlayer | null} */
  player = null;
  /** Null while nobody has said. @type {number | null} */
  viewers = null;
  /** There was nothing to play when it was opened. */
  waited = false;
  feed = new LiveFeed();
  /** @type {LiveControls | null} */
  #controls = null;
  #gone = false;
  /** @type {Ending} */
  #ending;
  /** @type {import("./live-player.js").Quality[]} */
  #qualities = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #probe;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #judging;
  #reports = new LatencyReports(
    () => this.player,
    (report) => this.socket.send(report),
  );

  /** @param {Host} host */
  constructor(host) {
    this.host = host;
    this.#ending = new Ending(this);
    this.socket = new LiveSocket({ ticket: () => this.#ticket(), subscription: () => this.#subscription() });
    this.socket.addEventListener("message", (event) => this.#hear(/** @type {CustomEvent<Message>} */ (event).detail));
    for (const name of ["greeted", "lost"]) this.socket.addEventListener(name, () => this.#onLine());
    this.feed.addEventListener("change", () => this.#listen());
  }

  start() {
    this.#prepare();
    this.socket.start();
    this.#judging = setInterval(() => this.#judge(), JUDGE_MS);
    void this.#try();
  }

  /** Nothing of it goes on. */
  stop() {
    this.#gone = true;
    clearTimeout(this.#probe);
    clearInterval(this.#judging);
    this.#ending.cancel();
    this.#reports.stop();
    this.socket.stop();
    this.#controls?.remove();
    this.player?.destroy();
    need("#watching").hidden = true;
    delete need("#stage").dataset.live;
  }

  /** The recording can be played. */
  finish() {
    this.#ending.finish();
  }

  /** @param {LiveView["phase"]} phase */
  enter(phase) {
    this.phase = phase;
    this.host.onPhase();
  }

  async #ticket() {
    const answer = await api.live(this.host.recordingId, this.host.grant);
    this.#setStatus(answer.status);
    if (answer.status === "stopped") this.#ending.end();
    return answer;
  }

  #subscription() {
    const { player, feed } = this;
    return { quality: player?.policy.pinned ?? "auto", after: feed.after };
  }

  #prepare() {
    this.host.stage.showPanel(beginningPanel(this.status));
    this.enter("preparing");
  }

  /** Is there anything to play yet? The answer also brings the cookies for the media. */
  async #try() {
    clearTimeout(this.#probe);
    if (this.player || this.#gone) return;
    const { recordingId, grant } = this.host;
    try {
      await api.renewMediaCookies(api.masterUrl(recordingId, grant));
      if (!this.player && !this.#gone) this.#play();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      this.waited = true;
      this.#probe = setTimeout(() => void this.#try(), this.socket.greeted ? TOLD_PROBE_MS : PROBE_MS);
    }
  }

  #play() {
    const { host, feed } = this;
    const player = new LivePlayer(host.video, host.source(), host.recordingId, feed);
    this.player = player;
    player.qualities = this.#qualities;
    player.encoderAway = this.status === "paused";
    player.addEventListener("phase", () => this.#showPhase());
    let pinned = player.policy.pinned;
    player.addEventListener("quality", () => {
      if (player.policy.pinned !== pinned) this.socket.subscribe();
      pinned = player.policy.pinned;
    });
    this.#controls = new LiveControls(need("#live-button"), player);
    host.stage.showPlayer();
    host.onPlayer(player);
    this.phase = "playing";
    player.start();
    this.#showPhase();
  }

  /** @param {Message} message */
  #hear(message) {
    if (message.sent_at) this.player?.clock.hear(message.sent_at, Date.now() / 1000);
    if (message.type === "welcome") this.#welcome(message);
    else if (message.type === "segment") this.#onSegment(/** @type {any} */ (message));
    else if (message.type === "stats") this.#showViewers(message.viewers);
    else if (message.type === "status") this.#setStatus(message.status);
    else if (message.type === "advice" && this.player) this.player.serverChoice = message.recommended;
    else if (message.type === "ended") this.#onEnded();
  }

  /** @param {Message} message */
  #welcome({ status, target_s: targetS, qualities, resume, report_after_s: everyS, edge }) {
    this.feed.targetS = targetS || this.feed.targetS;
    this.#qualities = qualities;
    this.player?.name(qualities);
    this.#setStatus(status);
    if (resume === "reset") this.feed.doubt();
    if (edge >= 0) void this.#try();
    this.#reports.every(everyS);
  }

  /** @param {Parameters<LiveFeed["announce"]>[0]} message */
  #onSegment(message) {
    this.#setStatus("active");
    this.feed.announce(message);
    void this.#try();
  }

  #onLine() {
    this.feed.pushed = this.socket.greeted;
    this.feed.dispatchEvent(new Event("change"));
  }

  /** A playlist may be first to tell of the end; where only playlists tell of anything, another connection may do better. */
  #listen() {
    if (this.feed.ended) this.#setStatus("stopped");
    else if (this.feed.quietS < this.feed.targetS && this.status === "paused") this.#setStatus("active");
    if (this.feed.unheard < DEAF) return;
    this.feed.unheard = 0;
    this.socket.renew();
  }

  /** The server says that a stream is paused when it notices; that the encoder is away shows before. */
  #judge() {
    const { feed, player } = this;
    if (player?.hls.latestLevelDetails?.live && isQuiet(feed.quietS, feed.targetS)) this.#setStatus("paused");
  }

  /** @param {LiveView["status"]} status */
  #setStatus(status) {
    if (status === this.status || this.status === "stopped") return;
    this.status = status;
    this.feed.idle = status === "paused";
    if (this.feed.idle && this.player) this.player.encoderAway = true;
    else this.player?.resume();
    if (status === "stopped") {
      clearTimeout(this.#probe);
      this.#reports.stop();
      this.#ending.wind();
    }
    this.#showPhase();
  }

  #onEnded() {
    this.#setStatus("stopped");
    this.#ending.end();
  }

  #showPhase() {
    const { player, host, status } = this;
    if (this.phase === "ended") return;
    if (!player) {
      this.#prepare();
      return;
    }
    need("#stage").dataset.live = status;
    if (status !== "stopped") showOnAir(status === "paused");
    if (status === "paused") host.stage.showNotice("The stream is paused, waiting for the encoder. It goes on by itself.");
    else host.stage.hideNotice();
    this.enter(player.phase);
  }

  /** @param {number} count */
  #showViewers(count) {
    this.viewers = count;
    const place = need("#watching");
    place.hidden = false;
    setText(place, watchingWords(count));
  }
}
