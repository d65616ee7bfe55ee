/** Who may watch, and what to hand on: a link, and a frame for other pages. */

import { ApiError } from "../api.js";
import { h, setText } from "../dom.js";
import { clock, when } from "../format.js";
import { copy, toast } from "../toast.js";

/** @typedef {import("./recording-api.js").OwnRecording} OwnRecording */
/** @typedef {import("./recording-api.js").Visibility} Visibility */

/** @type {Record<Visibility, string>} */
const WORDS = {
  private: "Only you, and whoever has a link that still works.",
  public: "Everybody who knows the address.",
};

/**
 * When a link stops working.
 *
 * @param {string} url
 * @returns {Date | null} null for one that lasts
 */
export function expiryOf(url) {
  const [, expiry] = (new URL(url, location.href).searchParams.get("grant") ?? "").split(".");
  return expiry ? new Date(1000 * Number(expiry)) : null;
}

/**
 * @param {string} url      of the player page
 * @param {string} title
 * @param {number | null} startS
 * @returns {{link: string, embed: string, snippet: string}}
 */
export function handouts(url, title, startS) {
  const link = new URL(url, location.href);
  if (startS !== null) link.searchParams.set("t", String(Math.floor(startS)));
  const embed = new URL(link);
  embed.pathname = link.pathname.replace(/^\/watch\//, "/embed/");
  // a frame written as text: what a title holds must not end it
  const safe = (/** @type {string} */ text) => text.replace(/[&"<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const attributes = [
    `src="${safe(embed.href)}"`,
    `title="${safe(title)}"`,
    'allow="autoplay; fullscreen; picture-in-picture"',
    'loading="lazy"',
    'style="width: 100%; aspect-ratio: 16 / 9; border: 0"',
  ];
  return { link: link.href, embed: embed.href, snippet: `<iframe ${attributes.join(" ")}></iframe>` };
}

export class Share {
  /** @type {OwnRecording | null} */
  #recording = null;
  #words = h("p", { class: "own__note" });
  #until = h("p", { class: "own__note share__until" });
  #link = /** @type {HTMLInputElement} */ (h("input", { readonly: true, "aria-label": "Link", id: "share-link" }));
  #snippet = /** @type {HTMLTextAreaElement} */ (h("textarea", { readonly: true, rows: 4, "aria-label": "Frame for other pages", spellcheck: "false", id: "share-snippet" }));
  #start = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", id: "share-start" }));
  #startWords = h("span", {}, "Start at 0:00");
  #preview = h("div", { class: "share__preview" });
  /** @type {HTMLInputElement[]} */
  #choices = [];

  /**
   * @param {HTMLElement} section
   * @param {() => number} atS   where the player is
   * @param {(visibility: Visibility) => Promise<OwnRecording>} change
   */
  constructor(section, atS, change) {
    this.atS = atS;
    this.change = change;
    const choice = h("fieldset", { class: "choice" }, h("legend", {}, "Who may watch"), this.#choice("private", "Private"), this.#choice("public", "Public"));
    const select = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.currentTarget).select();
    for (const field of [this.#link, this.#snippet]) field.addEventListener("focus", select);
    this.#start.addEventListener("change", () => this.#fill());
    setInterval(() => setText(this.#startWords, `Start at ${clock(this.#start.checked ? this.#heldS : this.atS())}`), 500);
    const embed = h(
      "details",
      { class: "fold" },
      h("summary", {}, "Embed"),
      this.#snippet,
      h("div", { class: "share__buttons" }, this.#copyButton("Copy code", () => this.#snippet.value, "Code copied.", "button button--small"), this.#previewButton()),
      this.#preview,
    );
    section.replaceChildren(
      h("h2", { class: "own__title", id: "share-title" }, "Share"),
      choice,
      this.#words,
      h("div", { class: "copy field" }, this.#link, this.#copyButton("Copy link", () => this.#link.value, "Link copied.")),
      h("label", { class: "share__start" }, this.#start, this.#startWords),
      this.#until,
      embed,
    );
  }

  #heldS = 0;

  /** @param {OwnRecording} recording */
  show(recording) {
    this.#recording = recording;
    for (const input of this.#choices) input.checked = input.value === recording.visibility;
    setText(this.#words, WORDS[recording.visibility]);
    const expiry = expiryOf(recording.playback_url);
    setText(this.#until, expiry ? `The link works until ${when(expiry.toISOString())}.` : "");
    this.#fill();
  }

  #fill() {
    if (!this.#recording) return;
    if (this.#start.checked) this.#heldS = this.atS();
    const { playback_url: url, title } = this.#recording;
    const { link, embed, snippet } = handouts(url, title, this.#start.checked ? this.#heldS : null);
    this.#link.value = link;
    this.#snippet.value = snippet;
    const frame = this.#preview.querySelector("iframe");
    if (frame && frame.src !== embed) frame.src = embed;
  }

  /**
   * @param {Visibility} value
   * @param {string} words
   */
  #choice(value, words) {
    const input = /** @type {HTMLInputElement} */ (h("input", { type: "radio", name: "visibility", value, onchange: () => void this.#choose(value) }));
    this.#choices.push(input);
    return h("label", {}, input, h("span", {}, words));
  }

  /** @param {Visibility} visibility */
  async #choose(visibility) {
    const before = this.#recording;
    try {
      this.show(await this.change(visibility));
      toast(visibility === "public" ? "Everybody may watch it now." : "It is private now.");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (before) this.show(before);
      toast(error.message, { kind: "trouble" });
    }
  }

  /**
   * @param {string} words
   * @param {() => string} text
   * @param {string} said
   * @param {string} [kind]
   */
  #copyButton(words, text, said, kind = "button") {
    return h("button", { class: kind, type: "button", onclick: () => void copy(text(), said) }, words);
  }

  #previewButton() {
    const button = h("button", { class: "button button--quiet button--small", type: "button", "aria-expanded": "false" }, "Show preview");
    button.addEventListener("click", () => {
      const shown = this.#preview.childElementCount > 0;
      const { embed } = handouts(this.#recording?.playback_url ?? "", "", this.#start.checked ? this.#heldS : null);
      const frame = { src: embed, title: "How it looks in other pages", allow: "autoplay; fullscreen; picture-in-picture" };
      this.#preview.replaceChildren(...(shown ? [] : [h("iframe", frame)]));
      button.setAttribute("aria-expanded", String(!shown));
      setText(button, shown ? "Show preview" : "Hide preview");
    });
    return button;
  }
}
