/** A recording in the list: its picture, what it is, how it stands, and what can be done with it. */

import { h, setText } from "../dom.js";
import { menuButton } from "../menu.js";
import { copy } from "../toast.js";
import { encoding, facts, nameOf, statusWords } from "./words.js";

/** @typedef {import("../types.js").Recording} Recording */
/** @typedef {import("../types.js").Progress} Progress */

/**
 * @typedef {object} RowActions
 * @property {(row: Row) => void} remove
 * @property {(row: Row) => void} goOn   with an upload that was begun earlier
 * @property {(row: Row) => void} picked
 */

const DOTS = "\u22ef";

/** @param {string} url  empty for none yet */
function picture(url) {
  const frame = h("span", { class: "recording__picture" });
  if (!url) return frame;
  const image = /** @type {HTMLImageElement} */ (
    h("img", { src: url, alt: "", loading: "lazy", decoding: "async", width: 160, height: 90 })
  );
  // a signature that ran out, or a poster that is gone: the drawn frame stays
  image.addEventListener("error", () => image.remove());
  frame.prepend(image);
  return frame;
}

export class Row {
  #picture = picture("");
  #title = h("a", { class: "recording__title" });
  #facts = h("p", { class: "recording__facts" });
  #more = h("p", { class: "recording__more" });
  #bar = /** @type {HTMLProgressElement} */ (h("progress", { class: "recording__bar", max: 100, hidden: true }));
  #badge = h("span", { class: "badge" });
  #goOn;
  #box = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", class: "recording__box" }));
  #thumbnail = "";

  /**
   * @param {Recording} recording
   * @param {RowActions} actions
   */
  constructor(recording, actions) {
    this.recording = recording;
    this.actions = actions;
    this.#goOn = h("button", { class: "button button--small recording__go-on", type: "button" }, "Go on");
    this.#goOn.onclick = () => actions.goOn(this);
    this.#box.onchange = () => actions.picked(this);
    const menu = menuButton(DOTS, () => this.#items(), { class: "button button--icon", label: `More about ${nameOf(recording)}` });
    this.element = h(
      "li",
      { class: "recording" },
      this.#box,
      this.#picture,
      h("div", { class: "recording__main" }, this.#title, this.#facts, this.#more, this.#bar),
      h("div", { class: "recording__state" }, this.#badge, this.#goOn),
      menu,
    );
    this.show(recording);
  }

  get id() {
    return this.recording.id;
  }

  focus() {
    this.#title.focus();
  }

  get picked() {
    return this.#box.checked;
  }

  set picked(value) {
    this.#box.checked = value;
  }

  /** @param {Recording} recording */
  show(recording) {
    this.recording = recording;
    const { id, status, error } = recording;
    this.element.dataset.status = status;
    setText(this.#title, nameOf(recording));
    this.#title.setAttribute("href", `/recordings/${encodeURIComponent(id)}`);
    this.#box.setAttribute("aria-label", `Choose ${nameOf(recording)}`);
    this.#bar.setAttribute("aria-label", `Encoding of ${nameOf(recording)}`);
    setText(this.#facts, facts(recording));
    this.#say(error ? error.detail : "", error !== null);
    this.#bar.hidden = true;
    this.#badge.dataset.status = status;
    setText(this.#badge, statusWords(recording));
    this.#goOn.hidden = status !== "uploading";
    // signatures change by the hour, the picture they open does not
    const thumbnail = recording.thumbnail_url ?? "";
    if (thumbnail.split("?")[0] === this.#thumbnail && this.#thumbnail) return;
    this.#thumbnail = thumbnail.split("?")[0] ?? "";
    const drawn = picture(thumbnail);
    this.#picture.replaceWith(drawn);
    this.#picture = drawn;
  }

  /** @param {Progress} progress */
  showProgress(progress) {
    this.#bar.hidden = progress.renditions.length === 0;
    this.#bar.value = progress.percent;
    if (progress.renditions.length) this.#say(encoding(progress), false);
  }

  /** @param {string} text */
  say(text) {
    this.#say(text, false);
  }

  /** @param {string} text @param {boolean} failed */
  #say(text, failed) {
    this.#more.hidden = !text;
    this.#more.classList.toggle("recording__error", failed);
    setText(this.#more, text);
  }

  #items() {
    const { id, status, playback_url: link } = this.recording;
    const there = encodeURIComponent(id);
    const watchable = !["uploading", "errored", "waiting"].includes(status);
    return [
      ...(watchable ? [{ label: "Watch", href: `/watch/${there}` }] : []),
      ...(status === "waiting" || status === "live" ? [{ label: "Open the studio", href: `/studio?recording=${there}` }] : []),
      ...(link ? [{ label: "Copy link", run: () => void copy(link, "Link copied. Whoever has it can watch.") }] : []),
      { label: "Analytics", href: `/analytics/recordings/${there}` },
      { label: "Delete…", run: () => this.actions.remove(this), danger: true },
    ];
  }
}

/** Rows that are still to come, as high as those that will. @param {number} count */
export function skeletons(count) {
  return Array.from({ length: count }, () =>
    h(
      "li",
      { class: "recording recording--coming", "aria-hidden": "true" },
      h("span", { class: "recording__picture skeleton" }),
      h("div", { class: "recording__main" }, h("span", { class: "skeleton skeleton--line" }), h("span", { class: "skeleton skeleton--short" })),
    ),
  );
}
