/** The owner's page of a recording: how it plays, what becomes of it, who may watch, and its end. */

import { ApiError } from "../api.js";
import { confirm } from "../confirm.js";
import { STATUS_WORDS } from "../details.js";
import { h, need, setText } from "../dom.js";
import { clock, when } from "../format.js";
import { signedIn } from "../guard.js";
import { showHeader } from "../header.js";
import { publishHooks } from "../hooks.js";
import { keysHelp } from "../keys-help.js";
import { StatsPanel } from "../stats-panel.js";
import { Theatre } from "../theatre.js";
import { toast } from "../toast.js";
import { Captions } from "./captions.js";
import { DownloadList } from "./downloads.js";
import { Job } from "./job.js";
import * as calls from "./recording-api.js";
import { Share } from "./share.js";
import { StreamFacts } from "./stream-facts.js";
import { Title } from "./title.js";
import { size } from "./words.js";

/** @typedef {import("./recording-api.js").OwnRecording} OwnRecording */
/** @typedef {import("./job.js").OwnProgress} OwnProgress */

const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const encoded = encodeURIComponent(id);

class RecordingPage {
  /** @type {OwnRecording | null} */
  recording = null;
  /** Of the recording, as it was last heard. */
  #status = "";
  theatre = new Theatre({
    recordingId: id,
    autoplay: false,
    onProgress: (progress) => this.#onProgress(/** @type {OwnProgress} */ (progress)),
    onRefused: (error) => showRefusal(error),
  });
  title = new Title(need("#name"), async (title) => {
    this.#show(await calls.change(id, { title }));
    return this.recording?.title ?? title;
  });
  share = new Share(
    need("#share"),
    () => (this.theatre.live ? 0 : this.theatre.video.currentTime),
    async (visibility) => {
      this.#show(await calls.change(id, { visibility }));
      return /** @type {OwnRecording} */ (this.recording);
    },
  );
  job = new Job(need("#job"), id, () => this.theatre.feed.start());
  stream = new StreamFacts(need("#stream"), id);
  captions = new Captions(need("#captions"), id, () => this.theatre.reload());
  downloads = new DownloadList(need("#downloads"), id);

  /** @param {OwnRecording} recording */
  start(recording) {
    this.#show(recording);
    this.#showWays();
    this.#showParts(recording.status);
    void this.captions.load();
    this.theatre.start();
  }

  /** @param {OwnRecording} recording */
  #show(recording) {
    this.recording = recording;
    this.title.show(recording.title);
    this.share.show(recording);
    const { duration_s: seconds, width, height, size_bytes: bytes, owner, created_at: created, filename } = recording;
    const facts = [
      seconds && recording.status !== "live" ? clock(seconds) : "",
      width && height ? `${width} × ${height}` : "",
      filename && bytes ? `${filename}, ${size(bytes)}` : "",
      `added ${when(created)} by ${owner}`,
    ];
    setText(need("#facts"), facts.filter(Boolean).join(" · "));
  }

  #showWays() {
    const link = (/** @type {string} */ href, /** @type {string} */ words) => h("a", { class: "button button--small", href }, words);
    const remove = { class: "button button--quiet button--small own__delete", type: "button", onclick: () => void this.#delete() };
    need("#ways").replaceChildren(
      link(`/watch/${encoded}`, "Watch page"),
      link(`/analytics/recordings/${encoded}`, "Analytics"),
      h("button", remove, "Delete"),
    );
  }

  /** Captions are of recordings, also of those that were streams. @param {string} status */
  #showParts(status) {
    need("#captions").hidden = status === "waiting" || status === "live";
  }

  /** @param {OwnProgress} progress */
  #onProgress(progress) {
    const status = progress.recording_status;
    const badge = need("#status");
    badge.hidden = false;
    if (status !== "live") {
      badge.dataset.status = status;
      const cut = progress.status === "cancelled" && status === "playable";
      setText(badge, cut ? "Playable to where it was stopped" : (STATUS_WORDS[status] ?? status));
    }
    this.#showParts(status);
    this.stream.update(status);
    if (!this.recording?.live) this.job.update(progress);
    if (status !== this.#status) void this.#refresh(status);
    this.#status = status;
  }

  /** Length, size and files are known a little later than the page is open. @param {string} status */
  async #refresh(status) {
    const first = this.#status === "";
    if (!["uploading", "waiting"].includes(status) && !this.recording?.live) void this.downloads.load(status === "ready");
    if (first) return;
    try {
      this.#show(await calls.read(id));
      if (status === "ready") await this.captions.load(); // those that were in the file
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #delete() {
    const live = this.#status === "live";
    const sure = await confirm({
      title: `Delete “${this.recording?.title}”?`,
      text: `${live ? "Its stream ends at once. " : ""}Pictures, sound, captions and the uploaded file are gone for good, and every link to it stops working.`,
      action: "Delete recording",
      danger: true,
    });
    if (!sure) return;
    try {
      await calls.remove(id);
      location.assign("/");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    }
  }
}

/** @param {ApiError} error */
function showRefusal(error) {
  const missing = error.status === 404;
  const again = h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again");
  need("main").replaceWith(
    h(
      "main",
      { class: "page empty" },
      h("h1", { class: "page-title" }, missing ? "No such recording" : "The recording could not be read"),
      h("p", { class: "empty__text" }, missing ? "It may have been deleted, or it is somebody else's." : error.message),
      h("p", { class: "own__note" }, h("code", {}, error.code)),
      h("p", {}, missing ? h("a", { class: "button", href: "/" }, "Your recordings") : again),
    ),
  );
}

async function open() {
  showHeader("recordings");
  await signedIn();
  try {
    const recording = await calls.read(id);
    const page = new RecordingPage();
    new StatsPanel(() => page.theatre.player);
    keysHelp();
    publishHooks(page.theatre);
    page.start(recording);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showRefusal(error);
  }
}

void open();
