/** What to do about hls.js errors: renew access, restart, recover, and only then give up. */

import Hls from "../vendor/hls.js-1.7.4/hls.min.mjs";

/** @typedef {import("./player.js").HeadwaterPlayer} HeadwaterPlayer */
/** @typedef {import("../vendor/hls.js-1.7.4/hls.min.mjs").ErrorData} ErrorData */

/**
 * @typedef {object} LoggedError
 * @property {number} at       performance.now()
 * @property {string} type
 * @property {string} details
 * @property {boolean} fatal
 * @property {number} status   HTTP status, 0 when there was none
 * @property {string} url
 */

const FORBIDDEN = 403;
/** The API will not change its mind about these in a few seconds. */
const FINAL = new Set([400, 401, 404, 410]);
const RENEW_EVERY_MS = 5000;
const RESTART_MS = 2000;
const MAX_RESTARTS = 5;
const MAX_RECOVERIES = 2;
const CALM_MS = 60000;

/** Part of playing at the encoder's pace, not faults. */
const EXPECTED_AT_EDGE = new Set(["bufferStalledError", "bufferSeekOverHole"]);

/** A load that a seek or a switch made superfluous, and what a live stream's playlist says was lost. */
const HARMLESS = new Set(["aborted", "fragGap"]);

export class ErrorPolicy {
  /** Everything that was not expected, oldest first. @type {LoggedError[]} */
  errors = [];
  #renewedAt = Number.NEGATIVE_INFINITY;
  #lastFatalAt = Number.NEGATIVE_INFINITY;
  #restarts = 0;
  #recoveries = 0;
  #waiting = new AbortController();

  /** @param {HeadwaterPlayer} player */
  constructor(player) {
    this.player = player;
    player.hls.on(Hls.Events.ERROR, (_event, data) => this.#handle(data));
  }

  /** @param {ErrorData} data */
  #handle(data) {
    const status = data.response?.code ?? 0;
    if (!this.#expected(data)) {
      const { type, details, fatal } = data;
      this.errors.push({ at: performance.now(), type, details, fatal, status, url: data.url ?? data.frag?.url ?? "" });
    }
    if (status === FORBIDDEN) void this.#renew();
    if (data.fatal) this.#recover(data);
  }

  /** @param {ErrorData} data */
  #expected(data) {
    const { player } = this;
    if (data.fatal) return false;
    // hls.js notices a stall before the player's own watch does, so its phase alone would come too late
    const atEdge = player.bufferedEndS >= player.reachS - player.progress.segment_s;
    return HARMLESS.has(data.details) || (EXPECTED_AT_EDGE.has(data.details) && (player.phase === "waiting" || atEdge));
  }

  async #renew() {
    const now = performance.now();
    if (now - this.#renewedAt < RENEW_EVERY_MS) return;
    this.#renewedAt = now;
    await this.player.source.renewCookies().catch(() => {}); // the retries that follow tell whether it helped
  }

  /** @param {ErrorData} data */
  #recover(data) {
    const { player } = this;
    const now = performance.now();
    if (now - this.#lastFatalAt > CALM_MS) this.#restarts = this.#recoveries = 0;
    this.#lastFatalAt = now;
    if (data.details === "manifestLoadError" && FINAL.has(data.response?.code ?? 0)) {
      player.fail();
    } else if (data.type === "mediaError" && this.#recoveries < MAX_RECOVERIES) {
      this.#recoveries += 1;
      player.hls.recoverMediaError();
    } else if (data.type === "networkError" && !navigator.onLine) {
      window.addEventListener("online", () => this.#restart(), { once: true, signal: this.#offline() });
    } else if (data.type === "networkError" && this.#restarts < MAX_RESTARTS) {
      this.#restarts += 1;
      setTimeout(() => this.#restart(), RESTART_MS * this.#restarts);
    } else {
      player.fail();
    }
  }

  /** However many loads fail while there is no network, one restart follows. */
  #offline() {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    return this.#waiting.signal;
  }

  #restart() {
    const { hls, phase, video, source } = this.player;
    if (phase === "failed") return;
    if (hls.levels.length) hls.startLoad(video.currentTime);
    else hls.loadSource(source.masterUrl);
  }
}
