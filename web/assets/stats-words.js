/** The statistics in plain words. Pure. */

import { bitrate } from "./format.js";

/** @typedef {import("./player.js").HeadwaterPlayer} HeadwaterPlayer */

/** The engine's words, and ours for when it was not asked. */
const REASONS = /** @type {Record<string, string>} */ ({
  start: "where the session begins",
  steady: "nothing better than staying",
  "link-carries-more": "the link carries more",
  "link-carries-less": "the link carries less",
  "only-rung": "nothing else can be loaded",
  pinned: "your choice",
  encoding: "as far as it is encoded",
  abandoned: "gave up a slow download",
  "hls.js": "hls.js's own rule",
});

const CAPS = /** @type {Record<string, string>} */ ({
  screen: "the screen shows no more",
  decoder: "this device cannot decode more smoothly",
  battery: "the battery is low",
  saver: "data saver is on",
  drops: "pictures were dropped above",
  wish: "chosen in the settings",
  server: "advice of the server",
});

/** @param {string} reason */
export function reasonWords(reason) {
  return REASONS[reason] ?? reason.replaceAll("-", " ");
}

/**
 * @param {number} bits
 * @returns {string} 84 KB, 1.2 MB
 */
export function size(bits) {
  const bytes = bits / 8;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} seconds */
const tenths = (seconds) => `${seconds.toFixed(1)} s`;

/**
 * @param {HeadwaterPlayer} player
 * @param {number} level
 * @returns {string} 1080p · 2.0 Mbps
 */
function rungWords({ pilot }, level) {
  const rung = pilot.rungs[level];
  return rung ? `${rung.height}p · ${bitrate(rung.kbps)}` : "none yet";
}

/**
 * @param {import("./abr/pilot.js").Pilot} pilot
 * @returns {string}
 */
function expected({ engine, link }) {
  if (!engine || !link?.samples) return "nothing measured yet";
  const { p10, p90 } = engine.predict(link);
  return `${bitrate(p10)} to ${bitrate(p90)}`;
}

/** @param {HeadwaterPlayer} player */
function decision(player) {
  const { choice } = player.pilot;
  if (!choice) return "";
  const { runnerUp, level, reason } = choice;
  const instead = runnerUp === null || runnerUp === level ? "" : `, before ${rungWords(player, runnerUp)}`;
  return `${reasonWords(reason)}${instead}`;
}

/** @param {HeadwaterPlayer} player */
function capWords(player) {
  const { index, reason } = player.pilot.cap;
  return reason === "none" ? "none" : `${rungWords(player, index)}: ${CAPS[reason]}`;
}

/**
 * The last two, newest first.
 *
 * @param {HeadwaterPlayer} player
 * @param {number} nowMs
 */
function abandoned(player, nowMs) {
  const { abandonments } = player.pilot;
  if (!abandonments.length) return "none";
  const last = abandonments.slice(-2).reverse();
  const words = last.map(({ atMs, from, to, part }) => {
    const ago = `${Math.round((nowMs - atMs) / 1000)} s ago`;
    return `${rungWords(player, from)} at ${Math.round(100 * part)} % for ${rungWords(player, to)}, ${ago}`;
  });
  return `${abandonments.length}: ${words.join("; ")}`;
}

/** @param {HeadwaterPlayer} player */
function stalls({ watchdog }) {
  const { count, seconds } = watchdog.stalls;
  return count ? `${count}, ${tenths(seconds)} in all` : "none";
}

/**
 * Every row, in the order in which they are shown.
 *
 * @param {HeadwaterPlayer} player
 * @param {number} nowMs
 * @returns {[string, string][]}
 */
export function statistics(player, nowMs) {
  const { pilot, hls, video, loadedLevel } = player;
  const { totalVideoFrames: shown, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
  const next = pilot.choice?.level ?? loadedLevel;
  return [
    ["Playing", rungWords(player, hls.currentLevel)],
    ["Loading", next < 0 ? "" : `${rungWords(player, next)} · ${size(pilot.sizes[next] ?? 0)}`],
    ["Because", decision(player)],
    ["Expected", expected(pilot)],
    ["First byte", pilot.sample ? `after ${Math.round(1000 * pilot.sample.ttfbS)} ms` : ""],
    ["Cap", capWords(player)],
    ["Given up", abandoned(player, nowMs)],
    ["Stalls", stalls(player)],
    ["Pictures", `${shown} shown, ${dropped} dropped`],
    ...player.moreStatistics,
    ["Decided by", pilot.flying ? "Headwater's engine" : `hls.js's own rule (${pilot.status})`],
  ];
}

/**
 * The two that are drawn.
 *
 * @param {HeadwaterPlayer} player
 */
export function gauges({ pilot, video, bufferedEndS, hls }) {
  return {
    kbps: pilot.sample?.kbps ?? 0,
    throughput: pilot.sample ? bitrate(pilot.sample.kbps) : "0 kbps",
    bufferS: Math.max(0, bufferedEndS - video.currentTime),
    buffer: `${tenths(Math.max(0, bufferedEndS - video.currentTime))} of ${hls.config.maxBufferLength} s`,
  };
}
