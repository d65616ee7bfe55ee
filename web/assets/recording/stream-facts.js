/** Of a recording that is streamed into: who watches, how it comes in, and how it is ended. */

import { ApiError } from "../api.js";
import { confirm } from "../confirm.js";
import { h, setText } from "../dom.js";
import { bitrate } from "../format.js";
import { toast } from "../toast.js";
import * as calls from "./recording-api.js";

const EVERY_MS = 3000;
const SHOWN = 3;

export class StreamFacts {
  #facts = h("dl", { class: "stream-facts" });
  #refusals = h("ul", { class: "refusals", "aria-live": "polite" });
  #buttons = h("div", { class: "job__buttons" });
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #shape = "";

  /**
   * @param {HTMLElement} section
   * @param {string} recordingId
   */
  constructor(section, recordingId) {
    this.section = section;
    this.id = recordingId;
    const title = h("h2", { class: "own__title", id: "stream-title" }, "Stream");
    section.replaceChildren(h("div", { class: "job__head" }, h("div", {}, title), this.#buttons), this.#facts, this.#refusals);
  }

  /** @param {string} status  of the recording */
  update(status) {
    const shown = status === "waiting" || status === "live";
    this.section.hidden = !shown;
    if (status !== this.#shape) this.#draw(status);
    this.#shape = status;
    if (status === "live") this.#timer ??= setInterval(() => void this.#look(), EVERY_MS);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** @param {string} status */
  #draw(status) {
    const studio = h("a", { class: "button", href: "/studio" }, status === "live" ? "Open the studio" : "Go live");
    const end = h("button", { class: "button button--stop", type: "button", onclick: () => void this.#end() }, "End stream");
    this.#buttons.replaceChildren(studio, ...(status === "live" ? [end] : []));
    this.#values.clear();
    this.#refusals.replaceChildren();
    if (status === "live") {
      this.#facts.replaceChildren();
      void this.#look();
    } else {
      this.#facts.replaceChildren(h("p", { class: "own__note" }, "It waits for its stream: from the studio, or from any encoder that can send HLS."));
    }
  }

  async #look() {
    if (document.hidden) return;
    try {
      const { viewers, ingest, latency, status } = await calls.streamStats(this.id);
      this.#fact("State", status === "paused" ? "paused" : status === "stopped" ? "over" : "on air");
      this.#fact("Watching", String(viewers.now));
      this.#fact("At most", String(viewers.peak ?? viewers.now));
      this.#fact("Comes in with", ingest?.bitrate_kbps ? bitrate(ingest.bitrate_kbps) : "–");
      this.#fact("Arrives after", ingest?.lag_s != null ? `${ingest.lag_s.toFixed(1)} s` : "–");
      this.#fact("Viewers are behind", latency?.p50_s != null ? `${latency.p50_s.toFixed(1)} s` : "–");
      this.#fact("Gaps", String(ingest?.gaps ?? 0));
      const last = (ingest?.refusals ?? []).slice(-SHOWN).toReversed();
      this.#refusals.replaceChildren(...last.map(({ name, detail, code }) => h("li", {}, `${name}: ${detail} `, h("code", {}, code))));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // asked again in a moment
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #fact(name, value) {
    let place = this.#values.get(name);
    if (!place) {
      place = h("dd", {});
      this.#values.set(name, place);
      this.#facts.append(h("div", {}, h("dt", {}, name), place));
    }
    setText(place, value);
  }

  async #end() {
    const sure = await confirm({
      title: "End the stream?",
      text: "Everybody who watches is told so, and the recording is made of it. It cannot go on.",
      action: "End stream",
      stay: "Stay on air",
      danger: true,
    });
    if (!sure) return;
    try {
      await calls.stopStream(this.id);
      toast("The stream is over. Its recording follows.");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    }
  }
}
