/** From a stream's last segment to its recording. */

import { need } from "../dom.js";
import { endedPanel } from "../watch-panels.js";

/** @typedef {import("./live-view.js").LiveView} LiveView */

/** So long a stream that is over may take to become a recording before it is asked for. */
const FINISH_MS = 15_000;
/** Who is further from the end than this many segments goes on watching; the others see the end first. */
const FAR_TARGETS = 2;

export class Ending {
  /** The recording can be played. */
  #recorded = false;
  #over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asks;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #almost;

  /** @param {LiveView} view */
  constructor(view) {
    this.view = view;
    view.host.video.addEventListener("ended", this.#offer);
  }

  /** No more segments come; that the recording is there is said by itself, or asked for when nobody says it. */
  wind() {
    const { feed, socket } = this.view;
    feed.doubt(); // the playlists' last line
    if (!this.#over) this.#asks = setTimeout(() => this.end(), socket.greeted ? FINISH_MS : 0);
  }

  /** The recording is next. */
  end() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#asks);
    const { host, socket } = this.view;
    socket.stop();
    host.stage.hideNotice();
    need("#watching").hidden = true;
    host.onEnded();
  }

  /** The recording can be played: go on where the viewer is, unless that is its end. */
  finish() {
    const { player, host, feed, phase } = this.view;
    this.#recorded = true;
    if (!player || phase === "failed") host.playRecording(null);
    else if (host.video.ended) this.#offer();
    else if (player.behindS > FAR_TARGETS * feed.targetS) host.playRecording(player.behindS);
    else this.#almost = setTimeout(this.#offer, 1000 * (player.behindS + 1)); // or "ended" is first
  }

  cancel() {
    clearTimeout(this.#almost);
    clearTimeout(this.#asks);
    this.#over = true;
    this.view.host.video.removeEventListener("ended", this.#offer);
  }

  #offer = () => {
    clearTimeout(this.#almost);
    const { host } = this.view;
    this.view.enter("ended");
    host.stage.showPanel(endedPanel(this.#recorded ? () => host.playRecording(null) : null));
  };
}
