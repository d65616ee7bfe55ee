/** What a player needs beside the recording: where it plays from, whom it asks for advice, where it reports. */

import { adviceOf } from "./abr/advice.js";
import { deviceNow } from "./abr/caps.js";
import { newSessionId } from "./abr/reporter.js";
import * as api from "./api.js";
import * as session from "./session.js";

/** @typedef {import("./abr/reporter.js").Reporter} Reporter */

/**
 * @param {string} recordingId
 * @param {string | null} grant
 * @param {Reporter} reporter  of this session alone
 * @returns {import("./player.js").Source}
 */
export function playbackSource(recordingId, grant, reporter) {
  const masterUrl = api.masterUrl(recordingId, grant);
  return {
    masterUrl,
    headers: session.headers,
    renewCookies: () => api.renewMediaCookies(masterUrl),
    advice: () => askAdvice(recordingId, grant, reporter),
    tell: reporter.tell.bind(reporter),
  };
}

/**
 * The server's advice, which also says where to report; without it reports go to a session of our own.
 *
 * @param {string} recordingId
 * @param {string | null} grant
 * @param {Reporter} reporter
 */
async function askAdvice(recordingId, grant, reporter) {
  try {
    const advice = adviceOf(await api.recommended(recordingId, grant, deviceNow()));
    reporter.open({ url: advice.eventsUrl, headers: () => ({}) }); // its token is in the address
    return advice;
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    reporter.open({ url: api.eventsUrl(recordingId, newSessionId(), grant), headers: session.headers });
    return null;
  }
}

/**
 * Put a new element in a video's place, as loud as it was: what listened to the old one hears no more.
 *
 * @param {HTMLVideoElement} video
 */
export function renewedVideo(video) {
  const fresh = /** @type {HTMLVideoElement} */ (video.cloneNode(false));
  for (const name of ["src", "poster", "data-still", "style"]) fresh.removeAttribute(name);
  fresh.muted = video.muted;
  fresh.volume = video.volume;
  video.replaceWith(fresh);
  return fresh;
}
