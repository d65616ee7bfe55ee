/** The studio: camera, microphone or screen, straight from the browser to every viewer. */

import { ApiError } from "../api.js";
import { h, need } from "../dom.js";
import { showAccount, showHeader } from "../header.js";
import * as session from "../session.js";
import { signInForm } from "../sign-in.js";
import { Broadcast } from "./broadcast.js";
import { Desk } from "./desk.js";
import { canBroadcast } from "./devices.js";
import { createRecording, stopLive, waitingRecordings } from "./live-api.js";
import { OnAir } from "./on-air.js";
import { Setup } from "./setup.js";

/** @typedef {"loading" | "message" | "setup" | "live"} View */

/** What may be changed while live, too. */
const CHANGEABLE = ["#source", "#camera-field", "#microphone-field"];
const chosen = new URLSearchParams(location.search).get("recording");

class Studio {
  /** @type {Broadcast | null} */
  broadcast = null;
  desk = new Desk();
  setup = new Setup();
  /** @type {OnAir | null} */
  #air = null;
  /** A stream that went on without us, and may be stopped from here. */
  #left = "";

  async open() {
    showAccount();
    if (!session.current()) return this.#signIn();
    if (!canBroadcast()) return this.#unsupported();
    try {
      this.setup.offerRecordings(await waitingRecordings(), chosen);
    } catch (error) {
      return this.#refused(error);
    }
    this.#show("setup");
    return this.#bring();
  }

  listen() {
    this.setup.addEventListener("wish", () => void this.#bring());
    this.setup.addEventListener("go", () => void this.#go());
    this.desk.addEventListener("devices", () => void this.setup.offerDevices());
    this.desk.addEventListener("picture", () => void this.#send());
    this.desk.addEventListener("gone", (event) => this.#onGone(/** @type {CustomEvent} */ (event).detail.source));
    need("#stop").onclick = () => this.#askToStop();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.setup.offerDevices());
    window.addEventListener("beforeunload", (event) => this.broadcast && event.preventDefault());
    window.addEventListener("pagehide", () => this.broadcast?.leave());
  }

  /** @param {View} view */
  #show(view) {
    need("#studio").dataset.view = view;
  }

  /** @param {(Node | string)[]} parts */
  #say(...parts) {
    need("#message").replaceChildren(...parts);
    this.#show("message");
  }

  async #signIn() {
    this.#say(
      h("h1", { class: "message__title" }, "Studio"),
      h("p", { class: "message__text" }, "Sign in to go live from this browser."),
      await signInForm(() => void this.open()),
    );
  }

  #unsupported() {
    const secure = window.isSecureContext;
    this.#say(
      h("h1", { class: "message__title" }, secure ? "This browser cannot broadcast" : "The studio needs a secure address"),
      h(
        "p",
        { class: "message__text" },
        secure
          ? "It takes a recent Chrome, Edge or Safari. Any other encoder works too:"
          : "Browsers give camera and microphone only to pages served with https, or from localhost. From a terminal it works as it is:",
      ),
      h("pre", { class: "command" }, h("code", {}, "headwater live push")),
    );
  }

  /** @param {unknown} error */
  async #refused(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) {
      session.signOut();
      return this.#signIn();
    }
    this.#say(
      h("h1", { class: "message__title" }, "The studio could not be opened"),
      h("p", { class: "message__text" }, error.message),
      h("p", { class: "message__code" }, h("code", {}, error.code)),
      h("button", { class: "button", type: "button", onclick: () => void this.open() }, "Try again"),
    );
  }

  /** Open what is wished for, and say what cannot be had. */
  async #bring() {
    const troubles = await this.desk.bring(this.setup.wish);
    const panel = need("#panel");
    panel.hidden = this.desk.video !== null;
    const again = () => void this.#bring();
    panel.replaceChildren(
      h("h2", { class: "panel__title" }, "No picture yet"),
      h("p", { class: "panel__text" }, troubles[0] ?? ""),
      h("button", { class: "button", type: "button", onclick: again }, "Try again"),
    );
    this.setup.say(this.desk.video ? (troubles[0] ?? "") : "");
  }

  /** @param {"camera" | "screen"} source */
  #onGone(source) {
    if (source === "screen") this.setup.choose("camera"); // the browser's own button ends sharing
    void this.#bring();
  }

  async #go() {
    const { setup, desk } = this;
    setup.say("");
    if (!desk.video) {
      setup.say("There is no picture to send yet.");
      return;
    }
    setup.busy = true;
    let id = setup.recordingId;
    try {
      id ||= (await createRecording(setup.title)).id;
      await this.#begin(await Broadcast.start(id, setup.targetS));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "stream_active") this.#offerStop(id);
      if (id) setup.offerRecordings(await waitingRecordings().catch(() => []), id); // not one more at the next try
      setup.say(error.message);
    } finally {
      setup.busy = false;
    }
  }

  /** @param {Broadcast} broadcast */
  async #begin(broadcast) {
    this.broadcast = broadcast;
    broadcast.addEventListener("failed", (event) => this.#failed(/** @type {CustomEvent} */ (event).detail));
    this.#air = new OnAir(broadcast, this.setup.title);
    need("#switch").append(...CHANGEABLE.map((id) => need(id)));
    this.#show("live");
    need("#stop").focus();
    await this.#send();
  }

  /** The picture that is on the desk goes on the air. */
  async #send() {
    const { video, audio } = this.desk;
    if (video) await this.broadcast?.show(video, audio, this.setup.wish.picture);
  }

  /** A stream whose key is lost can only be stopped. @param {string} id */
  #offerStop(id) {
    if (this.#left === id) return;
    this.#left = id;
    const stop = async (/** @type {Event} */ event) => {
      /** @type {HTMLElement} */ (event.target).remove();
      this.#left = "";
      await stopLive(id).catch((error) => this.setup.say(error.message));
      await this.open();
    };
    need("#go-live").after(h("button", { class: "button button--stop", type: "button", onclick: stop }, "Stop the stream that is on"));
  }

  #askToStop() {
    const dialog = /** @type {HTMLDialogElement} */ (need("#confirm"));
    dialog.returnValue = "";
    dialog.onclose = () => dialog.returnValue === "stop" && void this.#stop();
    dialog.showModal();
  }

  async #stop() {
    const broadcast = /** @type {Broadcast} */ (this.broadcast);
    const button = /** @type {HTMLButtonElement} */ (need("#stop"));
    button.disabled = true;
    button.textContent = "Sending the last seconds…";
    let trouble = "";
    await broadcast.stop().catch((error) => {
      trouble = `${error.message} It is closed by itself after a while.`;
    });
    button.disabled = false;
    button.textContent = "Stop";
    this.#over("The stream has ended", trouble || "What you sent is a recording now.", broadcast.playbackUrl);
  }

  /** @param {Error} error */
  #failed(error) {
    const address = /** @type {Broadcast} */ (this.broadcast).playbackUrl;
    this.#over("The stream was cut off", error.message, address);
  }

  /**
   * @param {string} title
   * @param {string} text
   * @param {string} address
   */
  #over(title, text, address) {
    this.broadcast = null;
    this.#air?.remove();
    this.desk.leave();
    this.#home();
    const again = () => void this.open();
    this.#say(
      h("h1", { class: "message__title" }, title),
      h("p", { class: "message__text" }, text),
      h(
        "p",
        { class: "message__buttons" },
        h("a", { class: "button button--primary", href: address }, "Watch the recording"),
        h("button", { class: "button", type: "button", onclick: again }, "Go live again"),
      ),
    );
  }

  /** These choices go back into the form. */
  #home() {
    need("#pair").before(...CHANGEABLE.map((id) => need(id)));
  }
}

const studio = new Studio();
Object.defineProperty(window, "headwater", { value: Object.freeze({ studio }) });
showHeader("live");
studio.listen();
void studio.open();
