/** What a player needs beside the recording: where it plays from, whom it asks for advice, where it reports. */

import { adviceOf } from "./abr/advice.js";
import { deviceNow } from "./abr/caps.js";
import { randomName } from "./abr/viewer.js";
import * as api from "./api.js";
import * as session from "./session.js";

/** @typedef {import("./abr/reporter.js").Reporter} Reporter */

/**
 * @param {string} recordingId
 * @param {string | null} grant
 * @param {Reporter} reporter  of this session alone
 * @param {number} [openedMs]  when the viewer asked for it
 * @returns {import("./player.js").Source}
 */
export function playbackSource(recordingId, grant, reporter, openedMs = 0) {
  const masterUrl = api.masterUrl(recordingId, grant);
  return {
    masterUrl,
    headers: session.headers,
    renewCookies: () => api.renewMediaCookies(masterUrl),
    advice: () => askAdvice(recordingId, grant, reporter),
    tell: reporter.tell.bind(reporter),
    openedMs,
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
    // the token in the address is the right to report, the viewer's own says whose the session is
    reporter.open({ url: advice.eventsUrl, headers: session.headers, open: true });
    return advice;
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    reporter.open({ url: api.eventsUrl(recordingId, randomName(), grant), headers: session.headers, open: false });
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
