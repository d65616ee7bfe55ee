/** The button that says whether this is live, and leads back to what is newest. */

import { h, need, setText } from "../dom.js";
import { behindWords } from "./latency.js";

/** @typedef {import("./live-player.js").LivePlayer} LivePlayer */

const EVERY_MS = 250;
const WORDS = { live: "Live", paused: "Paused", behind: "Go live" };

export class LiveControls {
  #words = h("span", {}, "Live");
  #behind = h("span", { class: "live-button__behind" });
  #range = need("media-time-range");
  #preview = h("span", { class: "live-preview", slot: "preview" });

  /**
   * @param {HTMLElement} button
   * @param {LivePlayer} player
   */
  constructor(button, player) {
    this.button = button;
    this.player = player;
    button.replaceChildren(h("span", { class: "live-button__dot", "aria-hidden": "true" }), this.#words, this.#behind);
    button.onclick = () => player.goLive();
    button.hidden = false;
    this.#range.append(this.#preview);
    this.#range.addEventListener("pointermove", this.#point);
    this.timer = setInterval(() => this.#show(), EVERY_MS);
    this.#show();
  }

  remove() {
    clearInterval(this.timer);
    this.button.hidden = true;
    this.#preview.remove();
    this.#range.removeEventListener("pointermove", this.#point);
  }

  /** Over the timeline: how far behind it would be there. */
  #point = () => {
    requestAnimationFrame(() => {
      const at = Number(this.#range.getAttribute("mediapreviewtime"));
      if (at) setText(this.#preview, behindWords(this.player.edgeS - at));
    });
  };

  #show() {
    const { player, button } = this;
    const live = player.following && player.atEdge && !player.encoderAway;
    const state = player.encoderAway && player.following ? "paused" : live ? "live" : "behind";
    button.dataset.state = state;
    setText(this.#words, WORDS[state]);
    setText(this.#behind, state === "behind" ? behindWords(player.behindS) : "");
    // by tens of seconds, so that nobody who listens is told every one
    const tens = Math.max(10, 10 * Math.round(player.behindS / 10));
    const label = { live: "Watching live", paused: "The stream is paused", behind: `Go live, about ${tens} seconds behind` }[state];
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  }
}
