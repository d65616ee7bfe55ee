/** How hls.js is set up to follow a live edge. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { pushedLoader } from "./loader.js";

/** @typedef {import("./feed.js").LiveFeed} LiveFeed */

/**
 * Target durations between playhead and edge. A pushed segment is known at once, so it may arrive half a segment late; one
 * that is polled for is known up to a segment later.
 */
const PUSHED_TARGETS = 1.5;
const POLLED_TARGETS = 2.5;
/** Buffer ahead that a viewer behind the edge gets; the tables for live were trained with it. */
export const BUFFER_S = 12;
/** Nobody hears this, and a second is made good in ten. */
const CATCH_UP_RATE = 1.1;
const BACK_BUFFER_S = 60;

/** @param {LiveFeed} feed */
export function targetsBehind(feed) {
  return feed.pushed ? PUSHED_TARGETS : POLLED_TARGETS;
}

/**
 * What differs from a recording.
 *
 * @param {LiveFeed} feed
 * @returns {Partial<import("../../vendor/hls.js-1.7.4/hls.min.mjs").HlsConfig>}
 */
export function liveConfig(feed) {
  return {
    pLoader: pushedLoader(feed),
    startPosition: -1,
    latencyController: Hls.DefaultConfig.latencyController,
    lowLatencyMode: true, // only then the next playlist is waited for at once
    liveSyncDurationCount: targetsBehind(feed),
    maxLiveSyncPlaybackRate: CATCH_UP_RATE,
    liveDurationInfinity: true,
    backBufferLength: BACK_BUFFER_S,
  };
}
