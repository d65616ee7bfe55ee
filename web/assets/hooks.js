/** `window.headwater`: what tests, benches and a curious console may read. Documented in web/README.md. */

import Hls from "../vendor/hls.js-1.7.4/hls.min.mjs";
import { factsOf } from "./live/facts.js";

/**
 * @typedef {object} HookedPage
 * @property {string} phase
 * @property {import("./player.js").HeadwaterPlayer | null} player
 * @property {HTMLVideoElement} video
 * @property {import("./abr/reporter.js").Reporter | null} reporter
 * @property {import("./live/live-view.js").LiveView | null} live
 */

/** @param {HTMLVideoElement} video */
function watchFirstFrame(video) {
  return new Promise((resolve) => {
    video.requestVideoFrameCallback((now) => resolve(now));
  });
}

/** @param {HookedPage} page */
export function publishHooks(page) {
  /** @type {{firstFrameMs: number | null}} */
  const seen = { firstFrameMs: null };
  void watchFirstFrame(page.video).then((now) => {
    seen.firstFrameMs = now;
  });
  const hooks = {
    get phase() {
      return page.phase;
    },
    get player() {
      return page.player;
    },
    get reporter() {
      return page.reporter;
    },
    get hls() {
      return page.player?.hls ?? null;
    },
    get video() {
      return page.video;
    },
    get live() {
      return page.live && factsOf(page.live);
    },
    get errors() {
      return page.player?.errorPolicy.errors ?? [];
    },
    get levels() {
      return page.player?.levelIds ?? [];
    },
    get playing() {
      return page.player?.playingId ?? null;
    },
    get pinned() {
      return page.player?.policy.pinned ?? null;
    },
    get buffered() {
      const { video } = page;
      return Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
    },
    get frames() {
      const { totalVideoFrames, droppedVideoFrames } = page.video.getVideoPlaybackQuality();
      return { total: totalVideoFrames, dropped: droppedVideoFrames };
    },
    get firstFrameMs() {
      return seen.firstFrameMs;
    },
    versions: { hls: Hls.version },
  };
  Object.defineProperty(window, "headwater", { value: Object.freeze(hooks) });
}
