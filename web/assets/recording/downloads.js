/** The file as it was uploaded, and each rendition as one file, made when somebody first asks. */

import { ApiError } from "../api.js";
import { h, setText } from "../dom.js";
import { rungName } from "../format.js";
import { toast } from "../toast.js";
import * as calls from "./recording-api.js";
import { size } from "./words.js";

/** @typedef {import("./recording-api.js").Downloads} Files */

const EVERY_MS = 1500;

/** @param {string} url  of an attachment: the page stays */
function fetchFile(url) {
  const link = h("a", { href: url, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

export class DownloadList {
  #list = h("ul", { class: "tracks" });

  /**
   * @param {HTMLElement} section
   * @param {string} recordingId
   */
  constructor(section, recordingId) {
    this.section = section;
    this.id = recordingId;
    section.replaceChildren(h("h2", { class: "own__title", id: "downloads-title" }, "Download"), this.#list);
  }

  /** Ask what there is; once there is a source. @param {boolean} encoded  all of it */
  async load(encoded) {
    try {
      this.#show(await calls.downloads(this.id), encoded);
      this.section.hidden = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.section.hidden = true; // nothing to be had: no file, or not any more
    }
  }

  /**
   * @param {Files} files
   * @param {boolean} encoded
   */
  #show({ source, renditions }, encoded) {
    const original = this.#row("Original", `${source.filename}, ${size(source.size_bytes)}`, async () => {
      fetchFile((await calls.downloads(this.id)).source.url); // the address at hand may be an hour old
    });
    const best = renditions.toSorted((a, b) => b.height - a.height || b.bitrate_kbps - a.bitrate_kbps);
    const rows = best.map((rendition) => {
      const facts = rendition.kind === "audio" ? "sound alone, .m4a" : "one MP4 with sound";
      return this.#row(rungName(rendition), facts, (note) => this.#make(rendition.download, note));
    });
    const later = h("li", { class: "own__note downloads__later" }, "Each rendition can be had as one file once all of it is encoded.");
    this.#list.replaceChildren(original, ...(encoded ? rows : [later]));
  }

  /**
   * @param {string} name
   * @param {string} facts
   * @param {(note: Element) => Promise<void>} get
   */
  #row(name, facts, get) {
    const note = h("p", { class: "own__note", "aria-live": "polite" }, facts);
    const button = /** @type {HTMLButtonElement} */ (
      h("button", { class: "button button--quiet button--small", type: "button", "aria-label": `Download ${name}` }, "Download")
    );
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await get(note);
        setText(note, facts);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        setText(note, facts);
        toast(error.message, { kind: "trouble" });
      } finally {
        button.disabled = false;
      }
    });
    return h("li", { class: "tracks__row" }, h("div", {}, h("p", { class: "tracks__name" }, name), note), button);
  }

  /**
   * @param {string} name
   * @param {Element} note
   */
  async #make(name, note) {
    let file = await calls.download("POST", this.id, name);
    while (!file) {
      setText(note, "It is being made; the download begins by itself.");
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      file = await calls.download("GET", this.id, name);
    }
    fetchFile(file.url);
  }
}
