/** The highest rung this device makes use of: its screen, its decoder, a wish to save data, pictures it drops. */

import { preferences } from "../preferences.js";

/**
 * @typedef {object} CapRung
 * @property {number} width
 * @property {number} height
 * @property {number} kbps
 *
 * @typedef {object} Device
 * @property {number} width     of the screen in its own pixels, any orientation, 0 when unknown
 * @property {number} height
 * @property {boolean} saver    the viewer asked for less data
 * @property {boolean} low      the battery has to last
 * @property {boolean[]} smooth     per rung: the decoder keeps up; missing counts as yes
 * @property {boolean[]} efficient  per rung: without draining the battery
 *
 * @typedef {"none" | "screen" | "decoder" | "battery" | "saver" | "drops" | "server" | "wish"} CapReason
 * @typedef {{index: number, reason: CapReason}} Cap
 */

/** What a viewer who saves data gets at most, as the server has it too. */
const SAVER_KBPS = 500;
const LOW_BATTERY = 0.2;

/**
 * The last rung of the first size that fills the screen in one direction.
 *
 * @param {CapRung[]} rungs  lowest first
 * @param {Device} device
 */
function screenCap(rungs, { width, height }) {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  if (!(short > 0)) return rungs.length - 1;
  const fills = (/** @type {CapRung} */ rung) =>
    Math.max(rung.width, rung.height) >= long || Math.min(rung.width, rung.height) >= short;
  const first = rungs.find((rung) => rung.width > 0 && fills(rung));
  if (!first) return rungs.length - 1;
  return rungs.findLastIndex((rung) => rung.width === first.width && rung.height === first.height);
}

/**
 * The last rung before the first that is not good.
 *
 * @param {CapRung[]} rungs
 * @param {boolean[]} good
 */
function before(rungs, good) {
  const bad = rungs.findIndex((_, index) => good[index] === false);
  return bad < 0 ? rungs.length - 1 : bad - 1;
}

/**
 * The lowest of all caps, never below the lowest rung, and which it was.
 *
 * @param {CapRung[]} rungs     lowest first
 * @param {Device} device
 * @param {number} drops        highest rung whose pictures are not dropped
 * @param {number} server       highest rung the server recommends for this device, Infinity without a word from it
 * @returns {Cap}
 */
export function capOf(rungs, device, drops, server) {
  const all = rungs.length - 1;
  /** @type {[CapReason, number][]} */
  const caps = [
    ["screen", screenCap(rungs, device)],
    ["decoder", before(rungs, device.smooth)],
    ["battery", device.low ? before(rungs, device.efficient) : all],
    ["saver", device.saver ? rungs.findLastIndex((rung) => rung.kbps <= SAVER_KBPS) : all],
    ["drops", drops],
    ["server", server],
  ];
  /** @type {Cap} */
  let lowest = { index: all, reason: "none" };
  for (const [reason, index] of caps) if (index < lowest.index) lowest = { index, reason };
  return { index: Math.max(0, lowest.index), reason: lowest.reason };
}

/**
 * The highest rung of at most so many lines, and the lowest where all have more.
 *
 * @param {CapRung[]} rungs   lowest first
 * @param {number} capHeight  lines, 0 for no limit
 */
export function wishedCap(rungs, capHeight) {
  if (!capHeight) return rungs.length - 1;
  return Math.max(0, rungs.findLastIndex(({ width, height }) => Math.min(width, height) <= capHeight));
}

/**
 * What the browser says of its screen and connection, and its person in the settings, in the words of the API.
 *
 * @returns {{width: number, height: number, dpr: number, save_data: boolean, effective_type: string | null}}
 */
export function deviceNow() {
  const connection = /** @type {{saveData?: boolean, effectiveType?: string} | undefined} */ (
    Reflect.get(navigator, "connection")
  );
  const { devicePixelRatio: dpr, screen } = window;
  const type = connection?.effectiveType ?? null;
  const saver = connection?.saveData === true || preferences().dataSaver;
  return { width: screen.width, height: screen.height, dpr, save_data: saver, effective_type: type };
}

/**
 * True while the device runs on what is left of its battery; browsers that do not say count as plugged in.
 *
 * @returns {Promise<boolean>}
 */
export async function lowBattery() {
  const ask = /** @type {(() => Promise<{charging: boolean, level: number}>) | undefined} */ (
    Reflect.get(navigator, "getBattery")
  );
  const battery = await ask?.call(navigator).catch(() => null);
  return battery ? !battery.charging && battery.level <= LOW_BATTERY : false;
}

/**
 * Ask the browser how each rung would decode; a browser that cannot say counts as one that can do everything.
 *
 * @param {{width: number, height: number, frameRate: number, bitrate: number, videoCodec?: string}[]} levels
 * @returns {Promise<{supported: boolean[], smooth: boolean[], efficient: boolean[]}>}
 */
export async function decoding(levels) {
  const fine = { supported: true, smooth: true, powerEfficient: true };
  const answers = await Promise.all(
    levels.map(async ({ width, height, frameRate, bitrate, videoCodec }) => {
      if (!navigator.mediaCapabilities || !videoCodec || !width) return fine;
      const video = { contentType: `video/mp4;codecs="${videoCodec}"`, width, height, bitrate, framerate: frameRate || 30 };
      return navigator.mediaCapabilities.decodingInfo({ type: "media-source", video }).catch(() => fine);
    }),
  );
  return {
    supported: answers.map((answer) => answer.supported),
    smooth: answers.map((answer) => answer.supported && answer.smooth),
    efficient: answers.map((answer) => answer.powerEfficient),
  };
}
