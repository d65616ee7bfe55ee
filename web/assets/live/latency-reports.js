/** Tells the server now and then how far behind this viewer is. */

/** @typedef {import("./live-player.js").LivePlayer} LivePlayer */
/** @typedef {import("./socket.js").Message} Message */

const USUAL_S = 30;

const tenth = (/** @type {number} */ value) => Math.round(10 * value) / 10;

/**
 * @param {LivePlayer} player
 * @returns {Message | null} null while there is nothing to tell
 */
function reportOf(player) {
  const { latencyS, video, bufferedEndS, playingId: rendition, watchdog, pilot } = player;
  if (latencyS === null || video.paused) return null;
  const bufferS = Math.max(0, bufferedEndS - video.currentTime);
  const { count: stalls } = watchdog.stalls;
  const known = pilot.sample ? { bandwidth_kbps: Math.round(pilot.sample.kbps) } : {};
  return { type: "report", latency_s: tenth(latencyS), buffer_s: tenth(bufferS), rendition, stalls, ...known };
}

export class LatencyReports {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {() => LivePlayer | null} player
   * @param {(report: Message) => void} send
   */
  constructor(player, send) {
    this.player = player;
    this.send = send;
  }

  /** @param {number | undefined} seconds  as the server wishes */
  every(seconds) {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tell(), 1000 * (seconds || USUAL_S));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #tell() {
    const player = this.player();
    const report = player && reportOf(player);
    if (report) this.send(report);
  }
}
