/** The front page: what one has recorded, what is on its way, and what is on the air. */

import * as api from "./api.js";
import { confirm } from "./confirm.js";
import { h, need, setText } from "./dom.js";
import { signedIn, signedInAgain } from "./guard.js";
import { showHeader } from "./header.js";
import { Filters } from "./library/filters.js";
import { Follower } from "./library/follow.js";
import { Row, skeletons } from "./library/row.js";
import { Selection } from "./library/selection.js";
import { nameOf } from "./library/words.js";
import { toast } from "./toast.js";
import { acceptDrops, chooseFiles } from "./upload/drop.js";
import { matching, size } from "./upload/plan.js";
import { Tray } from "./upload/tray.js";
import { rememberedChange, Uploads } from "./upload/uploads.js";

/** @typedef {import("./types.js").Recording} Recording */
/** @typedef {"loading" | "empty" | "nothing" | "list" | "error"} View */

/** Pages that a search reads on by itself while it finds nothing. */
const MOST_EMPTY_PAGES = 4;

const list = need("#recordings");
const more = need("#more");
const message = need("#message");

class Library {
  /** @type {Row[]} */
  #rows = [];
  /** @type {Row[]} */
  #live = [];
  #uploads = new Uploads();
  #filters = new Filters(() => void this.load());
  #selection = new Selection(
    () => this.#rows,
    (rows) => void this.#delete(rows),
  );
  /** Answers to an older question are dropped. */
  #asked = 0;
  #mayUpload = false;

  async open() {
    showHeader("recordings");
    const session = await signedIn();
    this.#mayUpload = session.role !== "viewer";
    need("#library").toggleAttribute("data-viewer", !this.#mayUpload);
    if (this.#mayUpload) this.#acceptUploads();
    await Promise.all([this.load(), this.#loadLive()]);
    new Follower(
      () => [...this.#live, ...this.#rows].filter(({ element }) => element.isConnected && !element.hidden),
      (row) => this.#live.includes(row) && void Promise.all([this.load({ quiet: true }), this.#loadLive()]),
    );
  }

  #acceptUploads() {
    new Tray(need("#uploads"), this.#uploads);
    need("#upload").onclick = () => void chooseFiles().then((files) => this.#send(files));
    acceptDrops((files) => void this.#send(files));
    this.#uploads.addEventListener("change", () => this.#hideTwins());
    this.#uploads.addEventListener("done", (event) => void this.#onSent(/** @type {CustomEvent} */ (event).detail));
    addEventListener("beforeunload", (event) => this.#uploads.active && event.preventDefault());
  }

  /**
   * What has arrived goes on in the list, where it stands first; where the list shows something else it stays among the uploads.
   *
   * @param {import("./upload/uploads.js").Upload} upload
   */
  async #onSent(upload) {
    await this.load({ quiet: true });
    if (this.#rows.some(({ id }) => id === upload.recordingId)) await this.#uploads.remove(upload);
  }

  /** @param {View} view */
  #show(view) {
    need("#library").dataset.view = view;
    list.setAttribute("aria-busy", String(view === "loading"));
  }

  /**
   * The first page of what is asked for.
   *
   * @param {{quiet?: boolean}} [options]  quiet leaves what is shown until the answer is there
   */
  async load({ quiet = false } = {}) {
    const asked = ++this.#asked;
    if (!quiet) {
      list.replaceChildren(...skeletons(6));
      more.hidden = true;
      this.#show("loading");
    }
    const page = await this.#read(null, asked);
    if (!page || asked !== this.#asked) return;
    this.#rows = [];
    list.replaceChildren();
    this.#append(page);
    if (this.#rows.length || page.next_cursor) this.#show("list");
    else if (this.#filters.open) this.#showEmpty();
    else this.#showNothing();
  }

  /** @param {string | null} cursor */
  async #more(cursor) {
    more.setAttribute("disabled", "");
    const page = await this.#read(cursor, this.#asked);
    more.removeAttribute("disabled");
    if (page) this.#append(page);
  }

  /**
   * A page that holds something, the end, or null when the question is out of date or was refused.
   *
   * @param {string | null} cursor
   * @param {number} asked
   */
  async #read(cursor, asked) {
    const { q, status, sort } = this.#filters.value;
    const query = { q: q || null, status: status || null, sort: sort === "created" ? null : sort };
    try {
      let page = await api.recordings({ ...query, cursor });
      for (let read = 1; !page.recordings.length && page.next_cursor && read < MOST_EMPTY_PAGES; read += 1) {
        if (asked !== this.#asked) return null;
        page = await api.recordings({ ...query, cursor: page.next_cursor });
      }
      return page;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (asked === this.#asked) this.#refused(error);
      return null;
    }
  }

  /** @param {import("./types.js").RecordingPage} page */
  #append(page) {
    const rows = page.recordings.map((recording) => this.#row(recording));
    this.#rows.push(...rows);
    list.append(...rows.map(({ element }) => element));
    this.#hideTwins();
    this.#selection.update();
    more.hidden = page.next_cursor === null;
    more.onclick = () => void this.#more(page.next_cursor);
    setText(more, rows.length ? "Show more" : "Search further back");
    setText(need("#found"), `${this.#rows.length}${page.next_cursor ? " or more" : ""} recordings`);
  }

  /** @param {Recording} recording */
  #row(recording) {
    return new Row(recording, {
      remove: (row) => void this.#delete([row]),
      goOn: (row) => void this.#goOn(row),
      picked: () => this.#selection.update(),
    });
  }

  /** What this page is sending stands among the uploads, what is on the air above the list: nothing twice. */
  #hideTwins() {
    const elsewhere = this.#uploads.recordingIds;
    if (this.#filters.open) for (const { id } of this.#live) elsewhere.add(id);
    for (const { id, element } of this.#rows) element.hidden = elsewhere.has(id);
  }

  async #loadLive() {
    try {
      const { recordings } = await api.recordings({ status: "live", limit: "10" });
      this.#live = recordings.map((recording) => this.#row(recording));
      need("#live").replaceChildren(...this.#live.map(({ element }) => element));
      need("#on-now").hidden = this.#live.length === 0;
      this.#hideTwins();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error; // the list says what is wrong
    }
  }

  /** @param {File[]} files */
  async #send(files) {
    if (!files.length) return;
    const begun = await this.#begun();
    for (const file of files) {
      if (!file.size) toast(`${file.name} is empty, or a folder.`, { kind: "trouble" });
      else if (!this.#uploads.add(file, this.#resumable(matching(begun, file), file)?.id)) toast(`${file.name} is in the list already.`);
    }
  }

  /** Uploads that were begun and are not on their way from here. @returns {Promise<Recording[]>} */
  async #begun() {
    try {
      const { recordings } = await api.recordings({ status: "uploading", limit: "100" });
      return recordings.filter(({ id }) => !this.#uploads.recordingIds.has(id));
    } catch {
      return []; // then each file begins anew
    }
  }

  /**
   * A begun upload, unless this browser knows that the file was changed since.
   *
   * @param {Recording | undefined} recording
   * @param {File} file
   */
  #resumable(recording, file) {
    const changed = recording && rememberedChange(recording.id);
    return changed === null || changed === file.lastModified ? recording : undefined;
  }

  /** @param {Row} row */
  async #goOn({ recording }) {
    const [file] = await chooseFiles({ several: false });
    if (!file) return;
    const { filename, size_bytes: bytes } = recording;
    if (!matching([recording], file)) {
      toast(`That is another file. This upload is of ${filename}, ${size(bytes)}.`, { kind: "trouble", lasting: true });
    } else if (!this.#resumable(recording, file)) {
      toast(`${filename} was changed since its upload began. Delete this one and upload it anew.`, { kind: "trouble", lasting: true });
    } else {
      this.#uploads.add(file, recording.id);
    }
  }

  /** @param {Row[]} rows */
  async #delete(rows) {
    const [first] = rows;
    if (!first) return;
    const one = rows.length === 1;
    const sure = await confirm({
      title: one ? `Delete “${nameOf(first.recording)}”?` : `Delete ${rows.length} recordings?`,
      text: `${one ? "Its" : "Their"} video, captions and figures go with ${one ? "it" : "them"}, and every link to ${one ? "it" : "them"} stops working. This cannot be undone.`,
      action: "Delete",
      danger: true,
    });
    if (!sure) return;
    const at = this.#rows.indexOf(first);
    for (const row of rows) {
      try {
        await api.call("DELETE", api.address(`/recordings/${encodeURIComponent(row.id)}`));
      } catch (error) {
        if (!(error instanceof api.ApiError)) throw error;
        if (error.status !== 404) {
          toast(`${nameOf(row.recording)}: ${error.message}`, { kind: "trouble" });
          continue;
        }
      }
      row.element.remove();
      this.#rows = this.#rows.filter((other) => other !== row);
      this.#live = this.#live.filter((other) => other !== row);
    }
    need("#on-now").hidden = this.#live.length === 0;
    this.#selection.update();
    toast(one ? "Deleted." : `${rows.length} recordings deleted.`);
    if (!this.#rows.length) await this.load();
    else (this.#rows[at] ?? this.#rows.at(-1))?.focus(); // what had the focus is gone
  }

  /** @param {api.ApiError} error */
  #refused(error) {
    if (error.status === 401) {
      void signedInAgain().then(() => this.load());
      return;
    }
    list.replaceChildren();
    message.replaceChildren(
      h("h2", { class: "message__title" }, "The list could not be loaded"),
      h("p", { class: "message__text" }, error.message),
      h("p", { class: "message__code" }, h("code", {}, error.code)),
      h("button", { class: "button", type: "button", onclick: () => void this.load() }, "Try again"),
    );
    this.#show("error");
  }

  #showEmpty() {
    const choose = () => void chooseFiles().then((files) => this.#send(files));
    message.replaceChildren(
      h("h2", { class: "message__title" }, "No recordings yet"),
      ...(this.#mayUpload
        ? [
            h("p", { class: "message__text" }, "Drop a video anywhere on this page. It can be watched while it still encodes."),
            h(
              "p",
              { class: "message__buttons" },
              h("button", { class: "button button--primary", type: "button", onclick: choose }, "Choose files"),
              h("a", { class: "button", href: "/studio" }, "Go live from this browser"),
            ),
            h("p", { class: "message__aside" }, "Or from a terminal:"),
            h("pre", { class: "command" }, h("code", {}, "headwater upload lecture.mp4")),
          ]
        : [h("p", { class: "message__text" }, "Your role lets you watch what others share with you: open the link they sent.")]),
    );
    this.#show("empty");
  }

  #showNothing() {
    const clear = () => {
      this.#filters.clear();
      void this.load();
    };
    const { q } = this.#filters.value;
    message.replaceChildren(
      h("h2", { class: "message__title" }, q ? `Nothing found for “${q}”` : "None of that status"),
      h("p", { class: "message__text" }, "Titles and file names are searched, in any case."),
      h("button", { class: "button", type: "button", onclick: clear }, "Show all recordings"),
    );
    this.#show("nothing");
  }
}

void new Library().open();
