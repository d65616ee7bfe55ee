/** Cameras, microphones and screens: what there is, and the one that is chosen. */

/**
 * @typedef {"camera" | "screen"} SourceKind
 *
 * @typedef {object} Wish
 * @property {SourceKind} source
 * @property {string} camera       device id, "" for whichever
 * @property {string} microphone   device id, "" for whichever, "none" for silence
 * @property {{width: number, height: number, fps: number}} picture
 */

export const NO_SOUND = "none";

/** True where a page may capture at all: served securely, by a browser that encodes. */
export function canBroadcast() {
  return Boolean(navigator.mediaDevices?.getUserMedia) && "VideoEncoder" in window;
}

/** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[]}>} */
export async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  const kind = (/** @type {MediaDeviceKind} */ wanted) => all.filter((device) => device.kind === wanted && device.deviceId);
  return { cameras: kind("videoinput"), microphones: kind("audioinput") };
}

/** @param {string} id */
const exactly = (id) => (id ? { deviceId: { exact: id } } : {});

/**
 * @param {Wish} wish
 * @returns {Promise<MediaStream>} one picture, and on a screen perhaps its sound
 */
export function openPicture({ source, camera, picture }) {
  const { width, height, fps } = picture;
  if (source === "screen") {
    return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: fps } }, audio: true });
  }
  const size = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps } };
  return navigator.mediaDevices.getUserMedia({ video: { ...exactly(camera), ...size } });
}

/** @param {string} microphone  device id, "" for whichever */
export function openSound(microphone) {
  return navigator.mediaDevices.getUserMedia({ audio: { ...exactly(microphone), channelCount: 2 } });
}

/** @param {MediaStream | null} stream */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * Why a device could not be had, for people.
 *
 * @param {unknown} error
 * @param {SourceKind | "microphone"} what
 */
export function refusalWords(error, what) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") {
    if (what === "screen") return "No screen was chosen.";
    return `The browser does not let this page use the ${what}. Allow it beside the address, then try again.`;
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") return `There is no such ${what}.`;
  if (name === "NotReadableError") return `The ${what} is in use by another program.`;
  return `The ${what} could not be opened.`;
}
