/** Calls of the Headwater API: a bearer token or a grant goes in, JSON or an ApiError comes out. */

import * as session from "./session.js";

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {import("./types.js").Recording} Recording */
/** @typedef {import("./types.js").RecordingPage} RecordingPage */
/** @typedef {import("./types.js").Rendition} Rendition */

const ROOT = "/api/v1";

/** An answer other than 2xx, or none at all (status 0, code "unreachable"). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code    stable, from the problem document
   * @param {string} detail  a sentence for people
   * @param {number} retryAfterS  seconds the server asked us to wait, 0 when it did not
   */
  constructor(status, code, detail, retryAfterS = 0) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }

  /** True when the same call may well work a little later. */
  get transient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
async function asError(response) {
  /** @type {{code?: string, detail?: string, title?: string}} */
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // a proxy's HTML page is as good as no body
  }
  return new ApiError(
    response.status,
    problem.code ?? "unexpected_answer",
    problem.detail ?? problem.title ?? `The server answered ${response.status}.`,
    Number(response.headers.get("retry-after")) || 0,
  );
}

/**
 * One call, with the session's token when there is one; throws ApiError.
 *
 * @param {string} method
 * @param {string} url
 * @param {object} [document]  sent as JSON
 * @param {{headers?: Record<string, string>, keepalive?: boolean, file?: Blob}} [options]  a file is sent as it is
 * @returns {Promise<Response>}
 */
export async function call(method, url, document, { headers = {}, keepalive = false, file } = {}) {
  const body = document === undefined ? file : JSON.stringify(document);
  /** @type {Record<string, string>} */
  const kind = body === undefined ? {} : { "content-type": file ? "application/octet-stream" : "application/json" };
  let response;
  try {
    const all = { ...session.headers(), ...kind, ...headers };
    response = await fetch(url, { method, headers: all, body, keepalive, cache: "no-store" });
  } catch {
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  if (!response.ok) throw await asError(response);
  return response;
}

/** @param {string} url */
const get = (url) => call("GET", url);

/**
 * @param {string} path
 * @param {Record<string, string | null>} query  null leaves a parameter out
 */
export function address(path, query = {}) {
  const given = Object.entries(query).filter((entry) => entry[1] !== null);
  const search = new URLSearchParams(/** @type {[string, string][]} */ (given)).toString();
  return `${ROOT}${path}${search ? `?${search}` : ""}`;
}

/**
 * Absolute URL of the multivariant playlist with every planned rung; its answer also sets the cookies for the media.
 *
 * @param {string} recordingId
 * @param {string | null} grant
 */
export function masterUrl(recordingId, grant) {
  const path = `/recordings/${encodeURIComponent(recordingId)}/stream/master.m3u8`;
  return new URL(address(path, { planned: "1", grant }), location.origin).href;
}

/**
 * @param {string} recordingId
 * @param {string | null} grant
 * @returns {Promise<Progress>}
 */
export async function progress(recordingId, grant) {
  const path = `/recordings/${encodeURIComponent(recordingId)}/transcode/progress`;
  const answer = await (await get(address(path, { grant }))).json();
  // null means not known yet, or no picture: 0 says the same and can be reckoned with
  const renditions = answer.renditions.map((/** @type {Rendition} */ rendition) => ({
    ...rendition,
    width: rendition.width ?? 0,
    height: rendition.height ?? 0,
    frame_rate: rendition.frame_rate ?? 0,
  }));
  return { ...answer, duration_s: answer.duration_s ?? 0, segment_s: answer.segment_s ?? 0, renditions };
}

/**
 * @param {string} recordingId
 * @returns {Promise<Recording>}
 */
export async function recording(recordingId) {
  return (await get(address(`/recordings/${encodeURIComponent(recordingId)}`, {}))).json();
}

/**
 * A recording's live stream, with a right to connect that holds once and for a minute.
 *
 * @param {string} recordingId
 * @param {string | null} grant
 * @returns {Promise<import("./types.js").LiveStream>}
 */
export async function live(recordingId, grant) {
  return (await get(address(`/recordings/${encodeURIComponent(recordingId)}/stream/live`, { grant }))).json();
}

/**
 * @param {Record<string, string | null>} query  cursor, q, status, sort, limit
 * @returns {Promise<RecordingPage>}
 */
export async function recordings(query) {
  return (await get(address("/recordings", { limit: "25", ...query }))).json();
}

/**
 * Fetch the master once more, for the fresh media cookies its answer sets.
 *
 * @param {string} url  from masterUrl
 */
export async function renewMediaCookies(url) {
  await (await get(url)).arrayBuffer(); // an answer that nobody reads holds its connection
}

/**
 * Which rendition to begin on, and where to report.
 *
 * @param {string} recordingId
 * @param {string | null} grant
 * @param {{width: number, height: number, dpr: number, save_data: boolean, effective_type: string | null}} device
 * @returns {Promise<import("./types.js").Recommendation>}
 */
export async function recommended(recordingId, grant, device) {
  const { width, height, dpr, save_data: saver, effective_type: type } = device;
  const said = { width: String(width), height: String(height), dpr: String(dpr), save_data: saver ? "1" : null };
  const path = `/recordings/${encodeURIComponent(recordingId)}/quality/recommended`;
  return (await get(address(path, { ...said, effective_type: type, grant }))).json();
}

/**
 * Where a session reports that the server gave no address.
 *
 * @param {string} recordingId
 * @param {string} sessionId
 * @param {string | null} grant
 */
export function eventsUrl(recordingId, sessionId, grant) {
  return address(`/recordings/${encodeURIComponent(recordingId)}/sessions/${sessionId}/events`, { grant });
}
