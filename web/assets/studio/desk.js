/** The left side of the studio: the picture as viewers will see it, and the sound. */

import { need, setText } from "../dom.js";
import { close, NO_SOUND, openPicture, openSound, refusalWords } from "./devices.js";
import { Mixer } from "./mixer.js";

/** @typedef {import("./devices.js").Wish} Wish */

/** Dispatches "picture" when another track is to be sent, "devices" once names may be read, "gone" when a device left. */
export class Desk extends EventTarget {
  /** @type {MediaStream | null} */
  #picture = null;
  /** @type {MediaStream | null} */
  #sound = null;
  /** @type {Mixer | null} */
  #mixer = null;
  #meter = need("#meter");
  #mute = need("#mute");
  #frame = 0;
  #opened = "";
  #heard = "";

  constructor() {
    super();
    this.#mute.onclick = () => this.#toggleMute();
  }

  /** What is sent: null while there is no picture. */
  get video() {
    return this.#picture?.getVideoTracks()[0] ?? null;
  }

  get audio() {
    return this.#mixer?.track ?? null;
  }

  /**
   * Bring picture and sound to what is wished; what is right already stays.
   *
   * @param {Wish} wish
   * @returns {Promise<string[]>} what went wrong, for people
   */
  async bring(wish) {
    this.#mixer ??= this.#listen();
    void this.#mixer.wake();
    const troubles = [await this.#bringPicture(wish), await this.#bringSound(wish)];
    this.dispatchEvent(new Event("devices"));
    return troubles.filter((words) => words !== "");
  }

  /** Nothing is captured any more. */
  leave() {
    cancelAnimationFrame(this.#frame);
    close(this.#picture);
    close(this.#sound);
    void this.#mixer?.close();
    this.#picture = this.#sound = this.#mixer = null;
    this.#opened = this.#heard = "";
    /** @type {HTMLVideoElement} */ (need("#preview")).srcObject = null;
  }

  /** @param {Wish} wish */
  async #bringPicture(wish) {
    const wanted = JSON.stringify([wish.source, wish.source === "screen" ? "" : wish.camera, wish.picture]);
    if (wanted === this.#opened && this.video?.readyState === "live") return "";
    try {
      const before = this.#picture;
      this.#picture = await openPicture(wish);
      close(before);
    } catch (error) {
      return refusalWords(error, wish.source);
    }
    this.#opened = wanted;
    this.#mixer?.plug("screen", this.#picture);
    const preview = /** @type {HTMLVideoElement} */ (need("#preview"));
    preview.srcObject = this.#picture;
    preview.dataset.source = wish.source;
    const track = this.video;
    track?.addEventListener("ended", () => this.dispatchEvent(new CustomEvent("gone", { detail: { source: wish.source } })));
    this.dispatchEvent(new Event("picture"));
    return "";
  }

  /** @param {Wish} wish */
  async #bringSound({ microphone }) {
    const live = this.#sound?.getAudioTracks()[0]?.readyState === "live";
    if (this.#heard === microphone && (live || microphone === NO_SOUND)) return "";
    close(this.#sound);
    this.#sound = null;
    this.#mixer?.plug("microphone", null);
    this.#heard = microphone;
    if (microphone === NO_SOUND) return "";
    try {
      this.#sound = await openSound(microphone);
    } catch (error) {
      this.#heard = "";
      return refusalWords(error, "microphone");
    }
    this.#mixer?.plug("microphone", this.#sound);
    return "";
  }

  #listen() {
    const mixer = new Mixer();
    const bar = /** @type {HTMLElement} */ (this.#meter.firstElementChild);
    let shown = 0;
    const draw = () => {
      shown = Math.max(mixer.level, 0.9 * shown); // falls slowly, so that it can be read
      bar.style.transform = `scaleX(${shown.toFixed(3)})`;
      this.#meter.dataset.loud = String(shown > 0.93);
      this.#meter.setAttribute("aria-valuenow", String(Math.round(shown * 10) * 10));
      this.#frame = requestAnimationFrame(draw);
    };
    draw();
    return mixer;
  }

  #toggleMute() {
    if (!this.#mixer) return;
    this.#mixer.muted = !this.#mixer.muted;
    this.#mute.setAttribute("aria-pressed", String(this.#mixer.muted));
    setText(this.#mute, this.#mixer.muted ? "Unmute" : "Mute");
  }
}
