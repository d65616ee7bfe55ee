/** One broadcast: a stream that is started, encoders that follow each other, and what they make on its way to the server. */

import { SegmentEncoder } from "./encoder.js";
import { Ingest, liveStats, startLive, stopLive } from "./live-api.js";
import { Sending } from "./rates.js";
import { Uploader } from "./uploader.js";

/** @typedef {import("./encoder.js").Picture} Picture */
/** @typedef {import("./live-api.js").LiveStats} LiveStats */

const STATS_MS = 3000;
/** How long the last segments may take before the stream is stopped without them. */
const DRAIN_MS = 20_000;

/** Dispatches "change" when there is something new to show, "live" at the first segment that arrived, "failed" ({error}). */
export class Broadcast extends EventTarget {
  sending = new Sending();
  /** @type {LiveStats | null} */
  stats = null;
  startedMs = 0;
  /** @type {SegmentEncoder | null} */
  #encoder = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #asks;
  #over = false;

  /**
   * @param {string} recordingId
   * @param {import("./live-api.js").StartedStream} started
   */
  constructor(recordingId, started) {
    super();
    this.recordingId = recordingId;
    this.targetS = started.stream.target_s;
    this.playbackUrl = started.playback_url;
    this.uploader = new Uploader(new Ingest(started.stream.id, started.ingest.key));
    this.uploader.addEventListener("sent", (event) => this.#sent(/** @type {CustomEvent} */ (event).detail));
    for (const name of ["trouble", "clear"]) this.uploader.addEventListener(name, () => this.#changed());
    this.uploader.addEventListener("refused", (event) => this.#fail(/** @type {CustomEvent} */ (event).detail));
  }

  /**
   * @param {string} recordingId
   * @param {number} targetS
   */
  static async start(recordingId, targetS) {
    return new Broadcast(recordingId, await startLive(recordingId, targetS));
  }

  /** Seconds of media that are made but not sent. */
  get waitingS() {
    return this.uploader.spool.seconds;
  }

  /**
   * Send this picture from now on. Another one than before is a new run: viewers see a cut.
   *
   * @param {MediaStreamTrack} video
   * @param {MediaStreamTrack | null} audio
   * @param {Picture} picture
   */
  async show(video, audio, picture) {
    await this.#encoder?.stop();
    if (this.#over) return;
    this.#encoder = new SegmentEncoder(video, audio, picture, this.targetS, {
      onInit: (init, firstPdt) => this.uploader.begin(init, firstPdt),
      onSegment: (segment, durationS) => this.uploader.push(segment, durationS),
      onError: (error) => this.#fail(error),
    });
    await this.#encoder.start();
    this.#asks ??= setInterval(() => void this.#ask(), STATS_MS);
  }

  /** Send the rest, then end the stream; throws ApiError when the server could not be told. */
  async stop() {
    this.#over = true;
    await this.#encoder?.stop();
    await this.uploader.drain(DRAIN_MS);
    this.#end();
    await stopLive(this.recordingId);
  }

  /** The page goes away: there is no time to send the rest. */
  leave() {
    if (this.#over) return;
    this.#end();
    void stopLive(this.recordingId, { leaving: true }).catch(() => {});
  }

  #end() {
    this.#over = true;
    clearInterval(this.#asks);
    this.uploader.stop();
  }

  /** @param {import("./spool.js").Parcel} parcel */
  #sent({ size: bytes, durationS }) {
    if (!durationS) return;
    this.sending.add({ atMs: Date.now(), bytes, durationS });
    if (!this.startedMs) {
      this.startedMs = Date.now() - 1000 * durationS;
      this.dispatchEvent(new Event("live"));
    }
    this.#changed();
  }

  async #ask() {
    this.stats = await liveStats(this.recordingId).catch(() => this.stats);
    this.#changed();
  }

  /** @param {Error} error */
  #fail(error) {
    if (this.#over) return;
    this.#end();
    void this.#encoder?.stop();
    this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }

  #changed() {
    if (!this.#over) this.dispatchEvent(new Event("change"));
  }
}
