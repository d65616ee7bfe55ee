/** Under the picture: title, status, length, and a bar per rendition while it encodes. */

import { need, setText } from "./dom.js";
import { clock, outlook, percent, when } from "./format.js";
import { isSettled } from "./progress.js";
import { RenditionBars } from "./rendition-bars.js";

/** @typedef {import("./types.js").Progress} Progress */
/** @typedef {import("./types.js").Recording} Recording */

/** @type {Record<string, string>} */
export const STATUS_WORDS = {
  waiting: "Not live yet",
  live: "Live",
  uploading: "Uploading",
  processing: "Encoding",
  playable: "Playable, still encoding",
  ready: "Ready",
  errored: "Failed",
};

/** Of a stream that is on, where the page says so. @param {boolean} paused  its encoder is away */
export function showOnAir(paused) {
  const badge = document.querySelector("#status");
  if (!(badge instanceof HTMLElement)) return;
  badge.hidden = false;
  badge.dataset.status = paused ? "paused" : "live";
  setText(badge, paused ? "Paused" : "Live");
}

export class Details {
  #bars = new RenditionBars(need("#bars"));

  /** @param {Recording} recording */
  showRecording(recording) {
    this.#title(recording.title);
    setText(need("#added"), `Added ${when(recording.created_at)}`);
  }

  /** @param {string} title */
  #title(title) {
    setText(need("#title"), title);
    document.title = `${title} · Headwater`;
  }

  /** @param {Progress} progress */
  showProgress(progress) {
    const settled = isSettled(progress);
    this.#title(progress.title);
    const badge = need("#status");
    badge.hidden = false;
    badge.dataset.status = progress.recording_status;
    const cut = progress.status === "cancelled" && progress.recording_status === "playable";
    const limited = progress.error?.code === "cost_limit_reached";
    setText(badge, cut ? (limited ? "Stopped at its limit" : "Cancelled") : (STATUS_WORDS[progress.recording_status] ?? progress.recording_status));
    const streamed = ["waiting", "live"].includes(progress.recording_status);
    setText(need("#length"), progress.duration_s && !streamed ? clock(progress.duration_s) : "");
    const encoding = !settled && !streamed && progress.renditions.length > 0;
    need("#encoding").hidden = !encoding;
    if (!encoding) return;
    setText(need("#encoded"), percent(progress.percent));
    setText(need("#outlook"), outlook(progress));
    this.#bars.update(progress.renditions);
  }
}
