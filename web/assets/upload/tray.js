/** The list of uploads on top of the library: a bar each, its speed and what is left, and what can be done about it. */

import { confirm } from "../confirm.js";
import { h, setText } from "../dom.js";
import { percent, timeLeft } from "../format.js";
import { toast } from "../toast.js";
import { size } from "./plan.js";

/** @typedef {import("./uploads.js").Upload} Upload */
/** @typedef {import("./uploads.js").Uploads} Uploads */

/** @param {Upload} upload */
function note({ stage, sent, share, file, speed, error }) {
  if (stage === "done") return "Uploaded. It is being encoded and can be watched soon.";
  if (stage === "failed") return error?.detail ?? "It failed.";
  const amount = `${size(sent)} of ${size(file.size)}`;
  if (stage === "waiting") return "Getting ready";
  if (stage === "paused") return `Paused at ${percent(100 * share)} · ${amount}`;
  const rate = speed.bytesPerS;
  const left = speed.secondsFor(file.size - sent);
  const pace = rate ? [`${size(rate)}/s`, left === null ? "" : timeLeft(left)] : [];
  return [percent(100 * share), amount, ...pace].filter(Boolean).join(" · ");
}

class Row {
  #bar = /** @type {HTMLProgressElement} */ (h("progress", { class: "upload__bar", max: 1 }));
  #note = h("p", { class: "upload__note" });
  #code = h("code", { class: "upload__code" });
  #name;
  #buttons = h("div", { class: "upload__buttons" });
  #drawn = "";

  /**
   * @param {Upload} upload
   * @param {Uploads} uploads
   */
  constructor(upload, uploads) {
    this.upload = upload;
    this.uploads = uploads;
    this.#name = h("a", { class: "upload__name" }, upload.file.name);
    this.#bar.setAttribute("aria-label", `Upload of ${upload.file.name}`);
    this.element = h("li", { class: "upload" }, this.#name, this.#buttons, this.#bar, this.#note, this.#code);
  }

  update() {
    const { upload } = this;
    this.element.dataset.stage = upload.stage;
    this.#bar.value = upload.share;
    setText(this.#note, note(upload));
    setText(this.#code, upload.error?.code ?? "");
    const drawn = `${upload.stage} ${upload.recordingId}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    if (upload.recordingId) this.#name.setAttribute("href", `/recordings/${encodeURIComponent(upload.recordingId)}`);
    this.#buttons.replaceChildren(...this.#actions());
  }

  #actions() {
    const { upload, uploads } = this;
    const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
      h("button", { class: "button button--small", type: "button", onclick, "aria-label": `${label} ${upload.file.name}` }, label);
    if (upload.stage === "done") {
      const href = `/recordings/${encodeURIComponent(upload.recordingId ?? "")}`;
      return [h("a", { class: "button button--small", href }, "Open"), button("Hide", () => void uploads.remove(upload))];
    }
    const main =
      upload.stage === "paused"
        ? [button("Go on", () => void uploads.resume(upload))]
        : upload.stage === "failed"
          ? [button("Try again", () => void uploads.resume(upload))]
          : upload.stage === "sending"
            ? [button("Pause", () => void uploads.pause(upload))]
            : [];
    return [...main, button("Cancel", () => void this.#cancel())];
  }

  async #cancel() {
    const { upload, uploads } = this;
    const text = "What has arrived of it is deleted.";
    const title = `Cancel the upload of ${upload.file.name}?`;
    if (upload.sent > 0 && !(await confirm({ title, text, action: "Cancel the upload", stay: "Keep going", danger: true }))) return;
    try {
      await uploads.remove(upload);
    } catch {
      toast("The unfinished recording could not be deleted. It is in the list.", { kind: "trouble" });
    }
  }
}

/** Draws `uploads` into `section`, which is hidden while there are none. */
export class Tray {
  /** @type {Map<Upload, Row>} */
  #rows = new Map();
  #list = h("ul", { class: "uploads__list" });
  #title = h("h2", { class: "section-title" });
  #said = h("p", { class: "visually-hidden", role: "status" });

  /**
   * @param {HTMLElement} section
   * @param {Uploads} uploads
   */
  constructor(section, uploads) {
    this.section = section;
    this.uploads = uploads;
    section.append(this.#title, this.#list, this.#said);
    uploads.addEventListener("change", () => this.update());
    uploads.addEventListener("done", (event) => {
      const { file } = /** @type {CustomEvent<Upload>} */ (event).detail;
      setText(this.#said, `${file.name} is uploaded.`);
    });
  }

  update() {
    const { all } = this.uploads;
    this.section.hidden = all.length === 0;
    const going = all.filter(({ stage }) => stage !== "done").length;
    setText(this.#title, going ? `Uploading ${going === 1 ? "1 file" : `${going} files`}` : "Uploaded");
    for (const upload of all) if (!this.#rows.has(upload)) this.#rows.set(upload, new Row(upload, this.uploads));
    for (const [upload, row] of this.#rows) {
      if (all.includes(upload)) row.update();
      else this.#rows.delete(upload);
    }
    const wanted = all.flatMap((upload) => this.#rows.get(upload)?.element ?? []);
    const differs = wanted.length !== this.#list.children.length || wanted.some((row, at) => this.#list.children[at] !== row);
    if (differs) this.#list.replaceChildren(...wanted);
  }
}
