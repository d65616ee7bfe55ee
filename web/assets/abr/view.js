/** The player as the engine sees it: its rungs, its buffer, how large the next segment is. */

import { nextSizes } from "./sizes.js";

/** @typedef {import("../player.js").HeadwaterPlayer} HeadwaterPlayer */

const DEFAULT_KBPS = 500;

/**
 * Rungs of the levels, lowest first.
 *
 * @param {HeadwaterPlayer} player
 */
export function rungsOf({ hls, levelIds, progress }) {
  return hls.levels.map((level, index) => {
    const rendition = progress.renditions.find(({ id }) => id === levelIds[index]);
    const { width, height } = rendition?.width ? rendition : level;
    const kbps = rendition?.bitrate_kbps ?? (level.averageBitrate / 1000 || DEFAULT_KBPS);
    return { width, height, kbps, fragments: level.details?.fragments ?? null };
  });
}

/**
 * @param {HeadwaterPlayer} player
 * @param {number} rttS
 * @param {number} top    highest level allowed
 * @param {number} [atS]  where the segment in question begins; at the buffer's end when it is the next one
 * @returns {import("./engine.js").View}
 */
export function viewOf(player, rttS, top, atS) {
  const { hls, video, progress, loadedLevel } = player;
  const ahead = hls.mainForwardBufferInfo;
  const begin = atS ?? ahead?.end ?? video.currentTime;
  const soundKbps = progress.renditions.find(({ kind }) => kind === "audio")?.bitrate_kbps ?? 0;
  return {
    bufferS: (ahead?.len ?? 0) / (Math.abs(video.playbackRate) || 1), // it drains as fast as it is played
    lastLevel: loadedLevel < 0 ? null : loadedLevel,
    sizesBits: nextSizes(rungsOf(player), begin, progress.segment_s, soundKbps),
    top,
    rttS,
  };
}
