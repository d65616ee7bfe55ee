/** What the watch page says instead of playing. */

import { h } from "./dom.js";
import { outlook } from "./format.js";

/** @typedef {import("./stage.js").Panel} Panel */
/** @typedef {import("./types.js").Progress} Progress */

/**
 * @param {Progress} progress
 * @param {HTMLElement} bars  one a rendition
 * @returns {Panel}
 */
export function preparingPanel(progress, bars) {
  if (progress.recording_status === "waiting") {
    return { title: "The stream has not begun yet", text: "It begins here by itself. Leave the page open." };
  }
  if (progress.recording_status === "uploading") {
    const text = "It can be watched a few seconds after the last byte has arrived.";
    return { title: "The upload is not finished yet", text };
  }
  const text = "Playback starts by itself as soon as the first seconds are encoded.";
  const words = outlook(progress); // of the whole, while the title promises the first seconds
  const remark = words && `All renditions: ${words}`;
  return { title: "Getting the first seconds ready", text, percent: progress.percent, remark, body: bars };
}

/**
 * @param {import("./types.js").Failure} error
 * @returns {Panel}
 */
export function erroredPanel(error) {
  return { title: "This recording cannot be played", text: error.detail, code: error.code };
}

/**
 * @param {string | undefined} code  hls.js's word
 * @returns {Panel}
 */
export function failedPanel(code) {
  const text = "The video could not be loaded, although it was tried several times.";
  const body = h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again");
  return { title: "Playback stopped", text, code, body };
}

/**
 * @param {string} code
 * @returns {Panel}
 */
export function missingPanel(code) {
  return { title: "No such recording", text: "It may have been deleted, or the link is not complete.", code };
}

/**
 * @param {boolean} linked  the visitor came with a link that was shared
 * @param {string} code
 * @param {HTMLElement} body
 * @returns {Panel}
 */
export function privatePanel(linked, code, body) {
  const title = linked ? "This link no longer works" : "This recording is private";
  const text = linked ? "Ask for a new one, or sign in as its owner." : "Sign in to watch it.";
  return { title, text, code: code === "unauthorized" ? "" : code, body };
}

/**
 * @param {string} status  of the stream
 * @returns {Panel}
 */
export function beginningPanel(status) {
  const title = status === "paused" ? "The stream is paused" : "The stream is about to begin";
  return { title, text: "Playback starts by itself as soon as the first picture has arrived." };
}

/**
 * @param {(() => void) | null} replay  null while there is no recording yet
 * @returns {Panel}
 */
export function endedPanel(replay) {
  const title = "The stream has ended";
  if (!replay) return { title, text: "The recording is being made ready. It can be watched in a moment." };
  const button = { class: "button button--primary", type: "button", onclick: replay };
  return { title, text: "All of it can be watched again.", body: h("button", button, "Watch the recording") };
}
