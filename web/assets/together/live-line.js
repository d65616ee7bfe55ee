/** What a live stream among others needs: announcements of its segments, and a player that goes nowhere by itself. */

import * as api from "../api.js";
import { LiveFeed } from "../live/feed.js";
import { LivePlayer } from "../live/live-player.js";
import { LiveSocket } from "../live/socket.js";

/** @typedef {import("../live/socket.js").Message} Message */

/** Follows no edge: where it is, all of them are. */
export class HeldLive extends LivePlayer {
  following = false;

  get atEdge() {
    return false;
  }

  /** @param {{play?: boolean}} [options] */
  start(options) {
    this.hls.config.maxLiveSyncPlaybackRate = 1; // its speed is the ensemble's to choose
    super.start(options);
  }
}

/** Feeds a stream's playlists by socket, and by polling while there is none. */
export class LiveLine {
  feed = new LiveFeed();
  /** @type {HeldLive | null} */
  #player = null;

  /**
   * @param {string} recordingId
   * @param {string | null} grant
   */
  constructor(recordingId, grant) {
    this.socket = new LiveSocket({
      ticket: () => api.live(recordingId, grant),
      subscription: () => ({ quality: this.#player?.policy.pinned ?? "auto", after: this.feed.after }),
    });
    this.socket.addEventListener("message", (event) => this.#hear(/** @type {CustomEvent<Message>} */ (event).detail));
    for (const name of ["greeted", "lost"]) {
      this.socket.addEventListener(name, () => {
        this.feed.pushed = this.socket.greeted;
        this.feed.dispatchEvent(new Event("change"));
      });
    }
  }

  /** @param {HeldLive} player */
  start(player) {
    this.#player = player;
    this.socket.start();
  }

  stop() {
    this.socket.stop();
  }

  /** @param {Message} message */
  #hear(message) {
    const { feed } = this;
    if (message.sent_at) this.#player?.clock.hear(message.sent_at, Date.now() / 1000);
    if (message.type === "welcome") {
      feed.targetS = message.target_s || feed.targetS;
      this.#player?.name(message.qualities);
      if (message.resume === "reset") feed.doubt();
    } else if (message.type === "segment") {
      feed.idle = false;
      feed.announce(/** @type {any} */ (message));
    } else if (message.type === "status") {
      feed.idle = message.status === "paused";
      if (message.status === "stopped") feed.doubt();
    } else if (message.type === "ended") {
      feed.doubt();
      this.socket.stop();
    }
  }
}
