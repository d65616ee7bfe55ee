/** A recording's name, changed where it stands. */

import { ApiError } from "../api.js";
import { h } from "../dom.js";
import { toast } from "../toast.js";

const MOST = 200;

export class Title {
  #text = "";

  /**
   * @param {HTMLElement} place
   * @param {(title: string) => Promise<string>} rename  resolves to the title as it is kept
   */
  constructor(place, rename) {
    this.place = place;
    this.rename = rename;
  }

  /** @param {string} title */
  show(title) {
    this.#text = title;
    document.title = `${title} · Headwater`;
    if (!this.place.querySelector("form")) this.#read();
  }

  #read() {
    const edit = h("button", { class: "button button--quiet button--small", type: "button", onclick: () => this.#edit() }, "Rename");
    this.place.replaceChildren(h("h1", { class: "details__title", id: "title" }, this.#text), edit);
    return edit;
  }

  #edit() {
    const input = /** @type {HTMLInputElement} */ (
      h("input", { class: "own__rename", "aria-label": "Title", maxlength: MOST, required: true, value: this.#text })
    );
    const leave = () => this.#read().focus();
    const save = h("button", { class: "button button--primary button--small" }, "Save");
    const cancel = h("button", { class: "button button--quiet button--small", type: "button", onclick: leave }, "Cancel");
    const onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      void this.#save(input);
    };
    const onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      leave();
    };
    this.place.replaceChildren(h("form", { class: "own__rename-form", onsubmit, onkeydown }, input, save, cancel));
    input.focus();
    input.select();
  }

  /** @param {HTMLInputElement} input */
  async #save(input) {
    const title = input.value.trim();
    if (!title) return input.focus();
    try {
      if (title !== this.#text) this.#text = await this.rename(title);
      document.title = `${this.#text} · Headwater`;
      this.#read().focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    }
  }
}
