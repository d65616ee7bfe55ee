/** Which announcements continue what is known, when to ask the CDN instead, how long to wait before calling again. Pure. */

/** @typedef {import("./playlist-text.js").Entry} Entry */

/** A push is late after so many target durations, and not before this: then the CDN is asked. */
const SILENT_TARGETS = 1.5;
const SILENT_MS = 2000;
/** While the encoder is known to be away nothing will be new. */
const IDLE_TARGETS = 5;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Announcements kept until a playlist is there to continue. */
const KEPT = 64;

/**
 * What of the announcements continues a playlist that ends at `last`; null when something between is missing.
 *
 * @param {number} last
 * @param {Entry[]} entries  ascending
 * @returns {Entry[] | null}
 */
export function continuation(last, entries) {
  const newer = entries.filter(({ msn }) => msn > last);
  return newer.every(({ msn }, index) => msn === last + 1 + index) ? newer : null;
}

/**
 * Announcements so far and further ones, each once, ascending; only as many as are worth keeping.
 *
 * @param {Entry[]} known
 * @param {Entry[]} more
 * @returns {Entry[]}
 */
export function gathered(known, more) {
  const byNumber = new Map([...known, ...more].map((entry) => [entry.msn, entry]));
  return [...byNumber.values()].sort((a, b) => a.msn - b.msn).slice(-KEPT);
}

/**
 * How long after one announcement the next one is missed.
 *
 * @param {number} targetMs
 */
export function silenceMs(targetMs) {
  return Math.max(SILENT_MS, SILENT_TARGETS * targetMs);
}

/**
 * When a playlist should be fetched; all times as `performance.now()`, 0 for never.
 *
 * @typedef {object} Course
 * @property {boolean} pushed     announcements are expected: the socket is open and greeted
 * @property {boolean} idle       the stream is paused
 * @property {boolean} doubted    an announcement was missed, or the stream has ended
 * @property {number} targetMs
 * @property {number} heardMs     the last announcement
 * @property {number} polledMs    the last fetch
 * @property {boolean} grew       it had something new
 *
 * @param {Course} course
 * @returns {number} milliseconds on the same clock
 */
export function nextPollMs({ pushed, idle, doubted, targetMs, heardMs, polledMs, grew }) {
  const again = polledMs + (grew ? targetMs : targetMs / 2); // as RFC 8216 asks of clients
  if (doubted) return polledMs ? polledMs + targetMs / 2 : 0;
  if (idle && pushed) return Math.max(heardMs, polledMs) + IDLE_TARGETS * targetMs;
  if (!pushed) return polledMs ? again : 0;
  const silent = heardMs + silenceMs(targetMs);
  return polledMs > heardMs ? Math.max(silent, again) : silent;
}

/**
 * Milliseconds before the next attempt, spread so that not everybody comes back at once.
 *
 * @param {number} failures  in a row, from 1
 * @param {number} random    0..1
 */
export function backoffMs(failures, random) {
  const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  return Math.round(most * (0.5 + random / 2));
}
