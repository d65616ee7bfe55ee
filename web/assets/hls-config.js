/** How hls.js is set up for recordings that may still be growing. */

import Hls from "../vendor/hls.js-1.7.4/hls.min.mjs";

/** @typedef {import("./player.js").Source} Source */

const RETRIES = 6;

const LatencyController = /** @type {typeof import("../vendor/hls.js-1.7.4/hls.min.mjs").LatencyController} */ (
  Hls.DefaultConfig.latencyController
);

/** A recording always begins at its beginning: there is no live edge to hurry to. */
class NoLiveEdge extends LatencyController {
  get liveSyncPosition() {
    return null;
  }
}

/**
 * Retry what a moment can mend. 403: the media cookies ran out and are being renewed. 404: the playlist of a rung
 * that has just begun is not at this edge yet. hls.js alone would retry neither.
 *
 * @param {number} maxLoadTimeMs
 */
function patient(maxLoadTimeMs) {
  return {
    default: {
      maxTimeToFirstByteMs: 10000,
      maxLoadTimeMs,
      timeoutRetry: { maxNumRetry: 3, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: {
        maxNumRetry: RETRIES,
        retryDelayMs: 500,
        maxRetryDelayMs: 4000,
        shouldRetry: (
          /** @type {unknown} */ _policy,
          /** @type {number} */ count,
          /** @type {boolean} */ _timeout,
          /** @type {{code?: number} | undefined} */ response,
          /** @type {boolean} */ usual,
        ) => usual || (count < RETRIES && [0, 403, 404].includes(response?.code ?? 0)),
      },
    },
  };
}

/**
 * @param {Source} source
 * @returns {Partial<import("../vendor/hls.js-1.7.4/hls.min.mjs").HlsConfig>}
 */
export function hlsConfig(source) {
  return {
    startPosition: 0,
    autoStartLoad: false, // the player starts it, after the server's advice has had its moment
    latencyController: NoLiveEdge,
    testBandwidth: false, // the policy starts on the smallest rung, which is test enough
    enableWorker: false, // CMAF passes through as it is: nothing for a worker to remux
    lowLatencyMode: false,
    backBufferLength: 90,
    errorPenaltyExpireMs: 15000, // a rung that failed while it began deserves another chance
    playlistLoadPolicy: patient(20000),
    fragLoadPolicy: patient(60000),
    xhrSetup: (xhr, url) => {
      if (url !== source.masterUrl) return;
      for (const [name, value] of Object.entries(source.headers())) xhr.setRequestHeader(name, value);
    },
  };
}
