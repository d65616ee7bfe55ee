/** The form before going live: what to send, and into which recording. */

import { h, need, setText } from "../dom.js";
import { devices, NO_SOUND } from "./devices.js";

/** @typedef {import("./devices.js").Wish} Wish */
/** @typedef {import("./encoder.js").Picture} Picture */
/** @typedef {import("../types.js").Recording} Recording */

/** The first is what is chosen at first. @type {[[string, Picture], ...[string, Picture][]]} */
const PICTURES = [
  ["720p", { width: 1280, height: 720, fps: 30, kbps: 2500 }],
  ["1080p", { width: 1920, height: 1080, fps: 30, kbps: 4500 }],
  ["360p", { width: 640, height: 360, fps: 24, kbps: 700 }],
];
/** Seconds of a segment, and what they feel like. @type {[string, string][]} */
const DELAYS = [
  ["2", "Normal"],
  ["1", "Short"],
];
const NEW = "";

/** @param {string} id @returns {HTMLSelectElement} */
const select = (id) => /** @type {HTMLSelectElement} */ (need(id));

/**
 * Offer these; what was chosen stays chosen when it can.
 *
 * @param {HTMLSelectElement} place
 * @param {[string, string][]} options  value and words
 */
function offer(place, options) {
  const before = place.value;
  place.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
  if (options.some(([value]) => value === before)) place.value = before;
}

export class Setup extends EventTarget {
  #form = /** @type {HTMLFormElement} */ (need("#setup"));
  #title = /** @type {HTMLInputElement} */ (need("#title"));

  constructor() {
    super();
    offer(select("#picture"), PICTURES.map(([words]) => [words, words]));
    offer(select("#delay"), DELAYS);
    offer(select("#recording"), [[NEW, "A new one"]]);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.dispatchEvent(new Event("go"));
    };
    select("#recording").onchange = () => this.#showTitle();
    for (const id of ["#source", "#camera", "#microphone", "#picture"]) {
      need(id).addEventListener("change", () => this.#wished());
    }
  }

  /** What is wished for now. @returns {Wish & {picture: Picture}} */
  get wish() {
    const source = new FormData(this.#form).get("source") === "screen" ? "screen" : "camera";
    const picture = new Map(PICTURES).get(select("#picture").value) ?? PICTURES[0][1];
    return { source, camera: select("#camera").value, microphone: select("#microphone").value, picture };
  }

  get targetS() {
    return Number(select("#delay").value);
  }

  /** The recording to stream into, "" for a new one. */
  get recordingId() {
    return select("#recording").value;
  }

  /** Of a new recording, or of the one that was chosen. */
  get title() {
    const chosen = select("#recording").selectedOptions[0]?.textContent ?? "";
    return this.recordingId === NEW ? this.#title.value.trim() || "Live" : chosen;
  }

  /**
   * @param {Recording[]} recordings  that wait for a stream
   * @param {string | null} chosen
   */
  offerRecordings(recordings, chosen) {
    offer(select("#recording"), [[NEW, "A new one"], ...recordings.map(({ id, title }) => /** @type {[string, string]} */ ([id, title]))]);
    if (chosen && recordings.some(({ id }) => id === chosen)) select("#recording").value = chosen;
    this.#showTitle();
  }

  /** Browsers name the devices once one of them may be used. */
  async offerDevices() {
    const { cameras, microphones } = await devices();
    const named = (/** @type {MediaDeviceInfo[]} */ all, /** @type {string} */ kind) =>
      all.map(({ deviceId, label }, index) => /** @type {[string, string]} */ ([deviceId, label || `${kind} ${index + 1}`]));
    offer(select("#camera"), cameras.length ? named(cameras, "Camera") : [["", "No camera found"]]);
    offer(select("#microphone"), [...named(microphones, "Microphone"), [NO_SOUND, "No microphone"]]);
  }

  /** @param {"camera" | "screen"} source */
  choose(source) {
    const radio = /** @type {HTMLInputElement} */ (need(`#source [value="${source}"]`));
    radio.checked = true;
    need("#camera-field").hidden = source === "screen";
  }

  /** @param {string} words */
  say(words) {
    setText(need("#setup-message"), words);
  }

  /** @param {boolean} busy */
  set busy(busy) {
    const button = /** @type {HTMLButtonElement} */ (need("#go-live"));
    button.disabled = busy;
    setText(button, busy ? "Starting…" : "Go live");
  }

  #wished() {
    this.choose(this.wish.source);
    this.dispatchEvent(new Event("wish"));
  }

  #showTitle() {
    need("#title-field").hidden = this.recordingId !== NEW;
  }
}
