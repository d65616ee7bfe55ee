/** What becomes of the upload: the picture of its job, what it costs, and how it is stopped and goes on. */

import { ApiError } from "../api.js";
import { confirm } from "../confirm.js";
import { h, setText } from "../dom.js";
import { money, outlook, percent } from "../format.js";
import { isSettled } from "../progress.js";
import { toast } from "../toast.js";
import { ChunkGrid } from "./chunk-grid.js";
import { receiptTable } from "./receipt.js";
import * as calls from "./recording-api.js";
import { jobTitle, retryWords } from "./words.js";

/** @typedef {import("../types.js").Progress & {cost: import("./recording-api.js").Receipt | null, priority: string | null, max_cost_usd: number | null, created_at: string | null, finished_at: string | null}} OwnProgress */

const EVERY_MS = 900;

export class Job {
  #title = h("h2", { class: "own__title", id: "job-title" });
  #percent = h("span", { class: "job__percent" });
  #outlook = h("p", { class: "job__outlook" });
  #notes = h("p", { class: "job__notes" });
  #trouble = h("p", { class: "job__trouble", role: "status", hidden: true });
  #buttons = h("div", { class: "job__buttons" });
  #grid = new ChunkGrid();
  #receipt = h("div", { class: "job__receipt" });
  #pieces = h("details", { class: "fold" }, h("summary", {}, "Piece by piece"), this.#grid.element);
  #bill = h("details", { class: "fold" }, h("summary", {}, "Receipt"), this.#receipt);
  #billed = "";
  #asked = 0;
  #busy = false;
  /** Buttons there are, so that polling leaves them alone. */
  #offer = "";
  /** @type {OwnProgress | null} */
  #progress = null;

  /**
   * @param {HTMLElement} section
   * @param {string} recordingId
   * @param {() => void} onChange  the job was stopped or goes on
   */
  constructor(section, recordingId, onChange) {
    this.section = section;
    this.id = recordingId;
    this.onChange = onChange;
    this.#pieces.addEventListener("toggle", () => void this.#look());
    const head = h("div", { class: "job__head" }, h("div", {}, this.#title, this.#outlook, this.#notes), this.#percent, this.#buttons);
    section.replaceChildren(head, this.#trouble, this.#pieces, this.#bill);
  }

  /** @param {OwnProgress} progress */
  update(progress) {
    const first = this.#progress === null;
    this.#progress = progress;
    const shown = progress.job_id !== null || progress.error !== null;
    this.section.hidden = !shown;
    if (!shown) return;
    const running = ["pending", "in-progress"].includes(progress.status) && progress.job_id !== null;
    this.section.dataset.status = progress.status;
    setText(this.#title, jobTitle(progress));
    setText(this.#percent, running ? percent(progress.percent) : "");
    setText(this.#outlook, running ? outlook(progress) : "");
    setText(this.#notes, this.#remarks(progress));
    this.#trouble.hidden = progress.error === null;
    if (progress.error) this.#trouble.replaceChildren(progress.error.detail, " ", h("code", {}, progress.error.code));
    this.#pieces.hidden = progress.job_id === null;
    if (first) /** @type {HTMLDetailsElement} */ (this.#pieces).open = progress.status !== "completed";
    this.#bill.hidden = progress.cost === null;
    if (progress.cost) this.#showReceipt(progress.cost);
    this.#offerButtons(progress, running);
    void this.#look();
  }

  /** @param {import("./recording-api.js").Receipt} receipt */
  #showReceipt(receipt) {
    const lines = JSON.stringify(receipt);
    if (lines === this.#billed) return; // whoever selects a number keeps it
    this.#billed = lines;
    this.#receipt.replaceChildren(receiptTable(receipt));
  }

  /** @param {OwnProgress} progress */
  #remarks({ priority, max_cost_usd: limit, cost, status }) {
    const parts = [];
    if (status === "completed" && cost) parts.push(`${money(cost.usd)} in all`);
    if (priority === "high") parts.push("high priority");
    if (limit !== null && limit !== undefined) parts.push(`stops at ${money(String(limit))}`);
    return parts.join(" · ");
  }

  /**
   * @param {OwnProgress} progress
   * @param {boolean} running
   */
  #offerButtons(progress, running) {
    const offer = running ? "cancel" : retryWords(progress);
    if (offer === this.#offer) return;
    this.#offer = offer;
    const button = (/** @type {string} */ words, /** @type {() => void} */ onclick) =>
      h("button", { class: "button", type: "button", onclick }, words);
    if (!offer) this.#buttons.replaceChildren();
    else if (running) this.#buttons.replaceChildren(button("Cancel encoding", () => void this.#cancel()));
    else this.#buttons.replaceChildren(button(offer, () => void this.#goOn()));
  }

  async #cancel() {
    const playable = this.#progress?.playable;
    const sure = await confirm({
      title: "Cancel the encoding?",
      text: `${playable ? "What is encoded stays and plays to where it ends." : "Nothing of it can be watched yet."} It can go on later from where it was.`,
      action: "Cancel encoding",
      stay: "Let it run",
      danger: true,
    });
    if (sure) await this.#do(() => calls.cancel(this.id), "The encoding is cancelled.");
  }

  async #goOn() {
    const { error, job_id: job, max_cost_usd: limit } = /** @type {OwnProgress} */ (this.#progress);
    if (job === null) {
      await this.#do(() => calls.restart(this.id), "It is being tried again.");
    } else if (error?.code === "cost_limit_reached") {
      await this.#raise(limit ?? 0);
    } else {
      await this.#do(() => calls.retry(this.id), "The encoding goes on.");
    }
  }

  /** @param {number} limit  USD */
  async #raise(limit) {
    const amount = /** @type {HTMLInputElement} */ (
      h("input", { type: "number", min: 0, step: "any", value: Math.max(0.01, 2 * limit), inputmode: "decimal" })
    );
    const body = h("label", { class: "field job__limit" }, h("span", {}, "Stop at, in US dollars; empty for no limit"), amount);
    const sure = await confirm({ title: "Go on, with a higher limit?", text: `It stopped at ${money(String(limit))}.`, action: "Go on", body });
    if (sure) await this.#do(() => calls.retry(this.id, amount.value === "" ? null : Number(amount.value)), "The encoding goes on.");
  }

  /**
   * @param {() => Promise<unknown>} act
   * @param {string} said
   */
  async #do(act, said) {
    const buttons = this.#buttons.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await act();
      toast(said);
      this.onChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  /** Ask for the pieces while they are seen, at most about once a second. */
  async #look() {
    const progress = this.#progress;
    const open = /** @type {HTMLDetailsElement} */ (this.#pieces).open;
    if (!progress?.job_id || !open || this.#busy) return;
    if (performance.now() - this.#asked < EVERY_MS && !isSettled(progress)) return;
    this.#busy = true;
    this.#asked = performance.now();
    try {
      const map = await calls.chunks(this.id);
      this.#grid.update(map, this.#progress?.renditions ?? []);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the progress beside it says what is wrong
    } finally {
      this.#busy = false;
    }
  }
}
