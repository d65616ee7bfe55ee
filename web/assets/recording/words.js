/** What a recording's page says of a job, in words. Pure. */

/** @typedef {import("./job.js").OwnProgress} OwnProgress */

/** Errors of recordings without a job that trying again may mend. */
const STARTABLE = new Set(["start_failed", "prepare_failed"]);

/**
 * @param {string | null} from  ISO 8601
 * @param {string | null} to
 * @returns {string} 42 s, 3 min 5 s, 1 h 20 min, or "" while unknown
 */
export function took(from, to) {
  const seconds = from && to ? Math.round((Date.parse(to) - Date.parse(from)) / 1000) : Number.NaN;
  if (!(seconds >= 0)) return "";
  if (seconds < 60) return `${Math.max(1, seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @param {OwnProgress} progress */
export function jobTitle({ status, job_id: job, error, created_at: begun, finished_at: ended }) {
  if (status === "completed") {
    const time = took(begun, ended);
    return time ? `Encoded in ${time}` : "Encoded";
  }
  if (status === "cancelled") return error?.code === "cost_limit_reached" ? "Stopped at its limit" : "Encoding cancelled";
  if (status === "failed") return job === null ? "It could not be encoded" : "Encoding failed";
  return job !== null && status === "in-progress" ? "Encoding" : "Waiting to be encoded";
}

/**
 * What the button says that goes on.
 *
 * @param {OwnProgress} progress
 * @returns {string} "" where there is nothing to try
 */
export function retryWords({ status, job_id: job, error }) {
  if (job === null) return error && STARTABLE.has(error.code) ? "Try again" : "";
  if (status === "cancelled") return "Go on encoding";
  return status === "failed" ? "Try again" : "";
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/**
 * @param {number} bytes
 * @returns {string} 950 bytes, 12.4 MB
 */
export function size(bytes) {
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1000 && unit < UNITS.length - 1; unit += 1) amount /= 1000;
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}
