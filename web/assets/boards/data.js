/** The analytics routes. */

import { address, call } from "../api.js";

/**
 * @param {string} path
 * @param {Record<string, string | null>} [query]
 */
const read = async (path, query) => (await call("GET", address(path, query))).json();

/** @param {string} id */
const below = (id) => `/recordings/${encodeURIComponent(id)}/analytics`;

/**
 * @param {{from: string, to: string}} days
 * @param {string | null} owner
 * @returns {Promise<import("./shapes.js").Overview>}
 */
export const overview = ({ from, to }, owner) => read("/analytics/overview", { from, to, owner });

/**
 * @param {string} id
 * @param {{from: string, to: string}} days
 * @returns {Promise<import("./shapes.js").RecordingReport>}
 */
export const recording = (id, { from, to }) => read(below(id), { from, to });

/**
 * @param {string} id
 * @param {string | null} cursor
 * @returns {Promise<{sessions: import("./shapes.js").Session[], next_cursor: string | null}>}
 */
export const sessions = (id, cursor) => read(`${below(id)}/sessions`, { limit: "50", cursor });

/**
 * @param {string} id
 * @param {string} session
 * @returns {Promise<import("./shapes.js").SessionReport>}
 */
export const session = (id, session) => read(`${below(id)}/sessions/${encodeURIComponent(session)}`);

/** @returns {Promise<{items: import("./shapes.js").OnAir[]}>} */
export const live = () => read("/analytics/live");

/**
 * Where the attendance of a recording or a room is.
 *
 * @param {{recording?: string, room?: string}} of
 */
export const attendancePath = ({ recording = "", room = "" }) =>
  room ? `/rooms/${encodeURIComponent(room)}/attendance` : `${below(recording)}/attendance`;

/**
 * @param {string} path  from attendancePath
 * @param {string | null} cursor
 * @returns {Promise<import("./shapes.js").Attendance>}
 */
export const attendance = (path, cursor) => read(path, { cursor });

/**
 * The same as a file, whole; with the token, which a plain link could not send.
 *
 * @param {string} path  from attendancePath
 * @returns {Promise<string[]>}
 */
export async function attendanceFile(path) {
  const sheets = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const answer = await call("GET", address(path, { format: "csv", cursor }));
    const sheet = await answer.text();
    // the headings are said once
    sheets.push(sheets.length ? sheet.slice(sheet.indexOf("\n") + 1) : sheet);
    cursor = answer.headers.get("x-next-cursor");
  } while (cursor !== null);
  return sheets;
}
