/** Pure: what a row says of its recording. */

import { STATUS_WORDS } from "../details.js";
import { clock, outlook, percent, when } from "../format.js";

/** @typedef {import("../types.js").Recording} Recording */
/** @typedef {import("../types.js").Progress} Progress */

/** @param {{title: string, filename: string}} recording */
export function nameOf({ title, filename }) {
  return title || filename || "Untitled";
}

/** @param {Recording} recording */
export function statusWords({ status, error }) {
  if (status !== "playable" || !error) return STATUS_WORDS[status] ?? status;
  return error.code === "cost_limit_reached" ? "Stopped at its limit" : "Cancelled";
}

/** True while something more will happen by itself. @param {Recording} recording */
export function unsettled({ status, error }) {
  return !error && ["processing", "playable", "uploading", "live"].includes(status);
}

/** @param {Recording} recording */
export function facts({ duration_s: durationS, created_at: at, visibility, room_id: room, live, status }) {
  const parts = [
    durationS && status !== "live" ? clock(durationS) : "",
    when(at),
    visibility === "public" ? "Public" : "",
    room ? `Room ${room}` : "",
    live && status === "ready" ? "Recorded live" : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Progress} progress */
export function encoding(progress) {
  return [`${percent(progress.percent)} encoded`, outlook(progress)].filter(Boolean).join(" · ");
}
