/** The calls of a recording's own page. */

import { address, call } from "../api.js";

/**
 * @typedef {"private" | "public"} Visibility
 *
 * @typedef {object} OwnRecording
 * @property {string} id
 * @property {string} owner
 * @property {string} title
 * @property {string | null} filename
 * @property {number} size_bytes
 * @property {string | null} room_id
 * @property {Visibility} visibility
 * @property {import("../types.js").RecordingStatus} status
 * @property {import("../types.js").Failure | null} error
 * @property {number | null} duration_s
 * @property {number | null} width
 * @property {number | null} height
 * @property {string} created_at
 * @property {string | null} job_id
 * @property {boolean} live
 * @property {string} playback_url   with a grant, when it is private
 *
 * @typedef {object} ChunkMap
 * @property {string | null} job_id
 * @property {import("../types.js").JobStatus} status
 * @property {{start_s: number, duration_s: number}[]} chunks
 * @property {{id: string, name: string, kind: "video" | "audio", chunks: string}[]} renditions  a letter a chunk: . r d f
 *
 * @typedef {object} Receipt
 * @property {string} usd
 * @property {{function: string, gb_seconds: number, invocations: number, usd: string}[]} functions
 * @property {{kind: string, count: number, usd: string}[]} requests
 * @property {{bytes: number, usd_per_month: string}} storage
 *
 * @typedef {object} CaptionTrack
 * @property {string} language
 * @property {string} label
 * @property {"subtitles" | "captions"} kind
 * @property {boolean} default
 * @property {"uploaded" | "embedded"} origin
 * @property {number} cues
 *
 * @typedef {object} File
 * @property {string} url
 * @property {string} filename
 * @property {number} size_bytes
 *
 * @typedef {object} Downloads
 * @property {File} source
 * @property {(import("../types.js").Rendition & {download: string, ready: boolean})[]} renditions
 *
 * @typedef {object} StreamStats
 * @property {"active" | "paused" | "stopped"} status
 * @property {{now: number, peak?: number}} viewers
 * @property {{bitrate_kbps: number | null, lag_s: number | null, gaps: number, refusals: {name: string, code: string, detail: string}[]} | null} [ingest]
 * @property {{p50_s: number | null} | null} [latency]
 */

/** @param {string} id @param {string} [rest] */
const path = (id, rest = "") => `/recordings/${encodeURIComponent(id)}${rest}`;

/** @param {Response} response */
const json = (response) => response.json();

/** @param {string} id @returns {Promise<OwnRecording>} */
export const read = (id) => call("GET", address(path(id))).then(json);

/**
 * @param {string} id
 * @param {{title?: string, visibility?: Visibility}} changes
 * @returns {Promise<OwnRecording>}
 */
export const change = (id, changes) => call("PATCH", address(path(id)), changes).then(json);

/** @param {string} id */
export const remove = (id) => call("DELETE", address(path(id)));

/** @param {string} id @returns {Promise<ChunkMap>} */
export const chunks = (id) => call("GET", address(path(id, "/transcode/chunks"))).then(json);

/** @param {string} id */
export const cancel = (id) => call("DELETE", address(path(id, "/transcode")));

/**
 * Go on with a job that ended too soon.
 *
 * @param {string} id
 * @param {number | null} [limitUsd]  null lifts the limit, absent leaves it
 */
export const retry = (id, limitUsd) =>
  call("POST", address(path(id, "/transcode/retry")), limitUsd === undefined ? {} : { max_cost_usd: limitUsd });

/** Start anew what ended before there was a job. @param {string} id */
export const restart = (id) => call("POST", address(path(id, "/transcode/quality")), {});

/** @param {string} id @returns {Promise<CaptionTrack[]>} */
export const captions = (id) =>
  call("GET", address(path(id, "/captions")))
    .then(json)
    .then((answer) => answer.captions);

/**
 * @param {string} id
 * @param {{language: string, label: string, kind: string, isDefault: boolean, text: Blob}} track
 */
export function putCaptions(id, { language, label, kind, isDefault, text }) {
  const query = { label: label || null, kind, default: isDefault ? "1" : null };
  return call("PUT", address(path(id, `/captions/${encodeURIComponent(language)}`), query), undefined, { file: text });
}

/** @param {string} id @param {string} language */
export const removeCaptions = (id, language) => call("DELETE", address(path(id, `/captions/${encodeURIComponent(language)}`)));

/** @param {string} id @returns {Promise<Downloads>} */
export const downloads = (id) => call("GET", address(path(id, "/download"))).then(json);

/**
 * A rendition's file; null while it is being made.
 *
 * @param {"POST" | "GET"} method  POST has it made, GET asks whether it is there
 * @param {string} id
 * @param {string} name
 * @returns {Promise<File | null>}
 */
export async function download(method, id, name) {
  const response = await call(method, address(path(id, `/download/${encodeURIComponent(name)}`)));
  return response.status === 202 ? null : response.json();
}

/** @param {string} id @returns {Promise<StreamStats>} */
export const streamStats = (id) => call("GET", address(path(id, "/stream/live/stats"))).then(json);

/** @param {string} id */
export const stopStream = (id) => call("DELETE", address(path(id, "/stream/stop-live")));
