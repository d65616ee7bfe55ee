/** The studio's calls: as the owner of a recording, and with a stream's key as its encoder. */

import { address, ApiError, call } from "../api.js";

/** @typedef {import("../types.js").Recording} Recording */

/**
 * @typedef {object} StartedStream
 * @property {{id: string, recording_id: string, target_s: number}} stream
 * @property {{key: string}} ingest
 * @property {string} playback_url
 *
 * @typedef {object} Refusal
 * @property {number} at      Unix seconds
 * @property {string} name
 * @property {string} code
 * @property {string} detail
 *
 * @typedef {object} LiveStats
 * @property {"active" | "paused" | "stopped"} status
 * @property {{now: number, peak?: number}} viewers
 * @property {{refusals?: Refusal[]} | null} [ingest]
 * @property {{p50_s: number | null} | null} [latency]
 */

const SLOW_MS = 20_000;

/** @param {string} recordingId */
const streamOf = (recordingId) => `/recordings/${encodeURIComponent(recordingId)}/stream`;

/**
 * @param {string} title
 * @returns {Promise<Recording>}
 */
export async function createRecording(title) {
  return (await (await call("POST", address("/recordings"), { title, live: true })).json()).recording;
}

/** Recordings that wait for a stream, newest first. @returns {Promise<Recording[]>} */
export async function waitingRecordings() {
  const answer = await (await call("GET", address("/recordings", { limit: "25", status: "waiting" }))).json();
  return answer.recordings;
}

/**
 * @param {string} recordingId
 * @param {number} targetS
 * @returns {Promise<StartedStream>}
 */
export async function startLive(recordingId, targetS) {
  return (await call("POST", address(`${streamOf(recordingId)}/start-live`), { target_s: targetS })).json();
}

/**
 * @param {string} recordingId
 * @param {{leaving?: boolean}} [options]  leaving: the page goes away
 */
export async function stopLive(recordingId, { leaving = false } = {}) {
  await call("DELETE", address(`${streamOf(recordingId)}/stop-live`), undefined, { keepalive: leaving });
}

/**
 * @param {string} recordingId
 * @returns {Promise<LiveStats>}
 */
export async function liveStats(recordingId) {
  return (await call("GET", address(`${streamOf(recordingId)}/live/stats`))).json();
}

/** The encoder's way in: what it sends belongs to the epoch it has claimed. */
export class Ingest {
  /**
   * @param {string} streamId
   * @param {string} key
   */
  constructor(streamId, key) {
    this.streamId = streamId;
    this.headers = { "x-stream-key": key };
  }

  /**
   * @param {number} firstPdt  Unix seconds of the first picture
   * @returns {Promise<number>} the epoch's number
   */
  async claim(firstPdt) {
    const wishes = { input: "primary", container: "fmp4", first_pdt: firstPdt };
    return (await (await this.#post("epochs", wishes)).json()).epoch;
  }

  /**
   * Addresses for so many objects of an epoch, by name, and until when they can be used (milliseconds).
   *
   * @param {number} epoch
   * @param {string[]} names
   * @returns {Promise<{urls: Map<string, string>, untilMs: number}>}
   */
  async sign(epoch, names) {
    const { uploads, expires_at: until } = await (await this.#post("uploads", { epoch, names })).json();
    const urls = new Map(uploads.map((/** @type {{name: string, url: string}} */ { name, url }) => [name, url]));
    return { urls, untilMs: Date.parse(until) };
  }

  /**
   * @param {string} url   signed
   * @param {Uint8Array} bytes
   */
  async put(url, bytes) {
    let response;
    try {
      const body = /** @type {BufferSource} */ (bytes);
      response = await fetch(url, { method: "PUT", body, signal: AbortSignal.timeout(SLOW_MS) });
    } catch {
      throw new ApiError(0, "unreachable", "The server cannot be reached.");
    }
    if (!response.ok) throw new ApiError(response.status, "upload_refused", `An upload was answered with ${response.status}.`);
  }

  /**
   * @param {string} what
   * @param {object} document
   */
  #post(what, document) {
    return call("POST", address(`/live/${encodeURIComponent(this.streamId)}/${what}`), document, { headers: this.headers });
  }
}
