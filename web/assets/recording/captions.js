/** A recording's captions: which there are, another file, one less. */

import { ApiError } from "../api.js";
import { confirm } from "../confirm.js";
import { h } from "../dom.js";
import { toast } from "../toast.js";
import * as calls from "./recording-api.js";

/** @typedef {import("./recording-api.js").CaptionTrack} CaptionTrack */

/** What people are likely to want first; any other tag can be written. */
const COMMON = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "uk", "ru", "ar", "hi", "ja", "ko", "zh"];
const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

/**
 * The language a file's name ends with.
 *
 * @param {string} filename
 * @returns {string} "" when it does not say
 */
export function languageOf(filename) {
  return /[._-]([a-z]{2,3}(?:-[A-Za-z]{2,4})?)\.[^.]+$/.exec(filename)?.[1] ?? "";
}

export class Captions {
  #list = h("ul", { class: "tracks" });
  #adding = h("div", {});

  /**
   * @param {HTMLElement} section
   * @param {string} recordingId
   * @param {() => void} onChange  the player should play them
   */
  constructor(section, recordingId, onChange) {
    this.id = recordingId;
    this.onChange = onChange;
    section.replaceChildren(h("h2", { class: "own__title", id: "captions-title" }, "Captions"), this.#list, this.#adding);
    this.#close();
  }

  async load() {
    try {
      this.#show(await calls.captions(this.id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const again = h("button", { class: "button button--quiet button--small", type: "button", onclick: () => void this.load() }, "Try again");
      this.#list.replaceChildren(h("li", { class: "own__note" }, error.message, again));
    }
  }

  /** @param {CaptionTrack[]} tracks */
  #show(tracks) {
    if (tracks.length) this.#list.replaceChildren(...tracks.map((track) => this.#row(track)));
    else this.#list.replaceChildren(h("li", { class: "own__note" }, "None yet. A WebVTT or SubRip file shows in the player at once."));
  }

  /** @param {CaptionTrack} track */
  #row(track) {
    const facts = [track.language, `${track.cues} ${track.cues === 1 ? "cue" : "cues"}`];
    if (track.default) facts.push("shown by default");
    if (track.kind === "captions") facts.push("with sounds");
    if (track.origin === "embedded") facts.push("from the file");
    const remove = { class: "button button--quiet button--small", type: "button", "aria-label": `Remove ${track.label}` };
    return h(
      "li",
      { class: "tracks__row" },
      h("div", {}, h("p", { class: "tracks__name" }, track.label), h("p", { class: "own__note" }, facts.join(" · "))),
      h("button", { ...remove, onclick: () => void this.#remove(track) }, "Remove"),
    );
  }

  /** @param {CaptionTrack} track */
  async #remove(track) {
    const sure = await confirm({ title: `Remove the captions in ${track.label}?`, action: "Remove", danger: true });
    if (!sure) return;
    try {
      await calls.removeCaptions(this.id, track.language);
      toast(`Captions in ${track.label} removed.`);
      await this.load();
      this.onChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    }
  }

  #close() {
    const open = h("button", { class: "button button--small", type: "button", onclick: () => this.#open() }, "Add captions");
    this.#adding.replaceChildren(open);
    return open;
  }

  #open() {
    const field = (/** @type {string} */ words, /** @type {HTMLElement} */ input) => h("label", { class: "field" }, h("span", {}, words), input);
    const file = /** @type {HTMLInputElement} */ (h("input", { type: "file", accept: ".vtt,.srt,text/vtt,application/x-subrip", required: true, name: "file" }));
    const language = /** @type {HTMLInputElement} */ (h("input", { name: "language", list: "languages", required: true, placeholder: "en", autocapitalize: "none", spellcheck: "false", maxlength: 35 }));
    const label = /** @type {HTMLInputElement} */ (h("input", { name: "label", maxlength: 60, placeholder: "the language's own name" }));
    const kind = /** @type {HTMLSelectElement} */ (
      h("select", { name: "kind" }, h("option", { value: "subtitles" }, "What is said"), h("option", { value: "captions" }, "What is said and heard"))
    );
    const isDefault = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "default" }));
    const message = h("p", { class: "form__message tracks__trouble", role: "alert" });
    const list = h("datalist", { id: "languages" }, ...COMMON.map((tag) => h("option", { value: tag }, NAMES.of(tag) ?? tag)));
    file.addEventListener("change", () => {
      if (!language.value) language.value = languageOf(file.files?.[0]?.name ?? "");
    });
    const send = h("button", { class: "button button--primary button--small" }, "Upload");
    const onsubmit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const text = file.files?.[0];
      if (!text) return;
      message.replaceChildren();
      /** @type {HTMLButtonElement} */ (send).disabled = true;
      try {
        await calls.putCaptions(this.id, { language: language.value.trim(), label: label.value.trim(), kind: kind.value, isDefault: isDefault.checked, text });
        toast("The captions are in the player.");
        this.#close().focus();
        await this.load();
        this.onChange();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        message.replaceChildren(error.message, " ", h("code", {}, error.code));
      } finally {
        /** @type {HTMLButtonElement} */ (send).disabled = false;
      }
    };
    const cancel = h("button", { class: "button button--quiet button--small", type: "button", onclick: () => this.#close().focus() }, "Cancel");
    this.#adding.replaceChildren(
      h(
        "form",
        { class: "tracks__form", onsubmit },
        field("File, .vtt or .srt", file),
        h("div", { class: "tracks__pair" }, field("Language", language), field("Holds", kind)),
        field("Name in menus", label),
        h("label", { class: "tracks__default" }, isDefault, h("span", {}, "Shown unless somebody chooses otherwise")),
        message,
        h("div", { class: "tracks__buttons" }, send, cancel),
        list,
      ),
    );
    file.focus();
  }
}
