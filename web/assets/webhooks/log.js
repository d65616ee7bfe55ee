/** A webhook's deliveries: what was sent, what came of each attempt, and sending it again. */

import { ApiError } from "../api.js";
import { h } from "../dom.js";
import { toast } from "../toast.js";
import * as calls from "./calls.js";
import { deliveryWords, moment, outcome } from "./words.js";

/** @typedef {import("./calls.js").Delivery} Delivery */

/** While something is on its way; each look waits longer than the one before. */
const LOOKS_MS = [700, 1500, 3000, 5000, 8000, 15_000];

export class DeliveryLog {
  /** @type {Delivery[]} */
  #shown = [];
  /** @type {Set<string>} */
  #open = new Set();
  /** @type {string | null} */
  #cursor = null;
  #looks = 0;
  #timer = 0;
  #rows = h("ul", { class: "hook-log__rows" });
  #more = h("button", { class: "button button--small", type: "button", hidden: true, onclick: () => void this.#older() }, "Older ones");
  #note = h("p", { class: "hook-log__note", role: "status" });

  /**
   * @param {string} webhookId
   * @param {() => void} [changed]  called when a delivery has come to an end
   */
  constructor(webhookId, changed = () => {}) {
    this.webhookId = webhookId;
    this.changed = changed;
    this.element = h("div", { class: "hook-log" }, this.#rows, this.#note, this.#more);
  }

  /** Read the newest ones, and go on looking while some of them are on their way. */
  async refresh() {
    clearTimeout(this.#timer);
    try {
      const before = JSON.stringify(this.#shown.map(({ status, attempts }) => [status, attempts.length]));
      const page = await calls.deliveries(this.webhookId, null);
      const known = new Set(page.deliveries.map(({ id }) => id));
      const older = this.#shown.filter(({ id }) => !known.has(id) && this.#shown.length > page.deliveries.length);
      this.#shown = [...page.deliveries, ...older];
      if (!older.length) this.#cursor = page.next_cursor;
      this.#draw();
      if (before !== JSON.stringify(this.#shown.map(({ status, attempts }) => [status, attempts.length]))) this.changed();
    } catch (error) {
      this.#failed(error);
    }
    const soon = this.#shown.some(({ status, next_attempt_at: at }) => status === "pending" && (at === null || Date.parse(at) < Date.now() + 20_000));
    const wait = LOOKS_MS[this.#looks++];
    if (soon && wait && this.element.isConnected) this.#timer = window.setTimeout(() => void this.refresh(), wait);
  }

  /** Look again from the beginning: something was just sent. */
  watch() {
    this.#looks = 0;
    return this.refresh();
  }

  /** Open one's details, as a press on it does. @param {string} id */
  open(id) {
    this.#open.add(id);
  }

  async #older() {
    try {
      const page = await calls.deliveries(this.webhookId, this.#cursor);
      this.#shown.push(...page.deliveries);
      this.#cursor = page.next_cursor;
      this.#draw();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof ApiError)) throw error;
    this.#note.textContent = `The log cannot be read now. ${error.message}`;
  }

  #draw() {
    const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    this.#rows.replaceChildren(...this.#shown.map((delivery) => this.#row(delivery)));
    if (held) /** @type {HTMLElement | null} */ (this.#rows.querySelector(`[data-key="${CSS.escape(held)}"]`))?.focus();
    this.#note.textContent = this.#shown.length ? "" : "Nothing was sent in the last thirty days. Send a test to see one.";
    this.#more.hidden = this.#cursor === null;
  }

  /** @param {Delivery} delivery */
  #row(delivery) {
    const details = this.#details(delivery);
    const open = this.#open.has(delivery.id);
    details.hidden = !open;
    const toggle = () => {
      details.hidden = !details.hidden;
      button.setAttribute("aria-expanded", String(!details.hidden));
      if (details.hidden) this.#open.delete(delivery.id);
      else this.#open.add(delivery.id);
    };
    const button = h(
      "button",
      { class: "hook-log__row", type: "button", "aria-expanded": String(open), "aria-controls": `log-${delivery.id}`, "data-key": delivery.id, onclick: toggle },
      h("span", { class: "hook-log__status badge", "data-state": delivery.status }, deliveryWords(delivery)),
      h("code", { class: "hook-log__type" }, delivery.type),
      h("span", { class: "hook-log__about" }, titleOf(delivery)),
      h("time", { class: "hook-log__at", datetime: delivery.created_at }, moment(delivery.created_at)),
    );
    return h("li", { "data-delivery": delivery.id, "data-status": delivery.status }, button, details);
  }

  /** @param {Delivery} delivery */
  #details(delivery) {
    const rows = delivery.attempts.map((attempt) =>
      h(
        "tr",
        {},
        h("td", {}, moment(attempt.at)),
        h("td", {}, outcome(attempt)),
        h("td", { "data-number": true }, `${attempt.duration_ms} ms`),
      ),
    );
    const heads = h("tr", {}, h("th", { scope: "col" }, "Attempt"), h("th", { scope: "col" }, "Answer"), h("th", { scope: "col", "data-number": true }, "Took"));
    const table = h("table", { class: "table" }, h("thead", {}, heads), h("tbody", {}, ...rows));
    const next = delivery.next_attempt_at && delivery.attempts.length ? `The next attempt is due ${moment(delivery.next_attempt_at)}.` : "";
    const again = h("button", { class: "button button--small", type: "button", "data-key": `again-${delivery.id}`, onclick: () => void this.#redeliver(delivery.id) }, "Send again");
    return h(
      "div",
      { class: "hook-log__details", id: `log-${delivery.id}` },
      h(
        "div",
        { class: "hook-log__attempts" },
        rows.length ? h("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": "Attempts" }, table) : h("p", { class: "hook-log__note" }, "Nothing was tried yet."),
        h("p", { class: "hook-log__note" }, next),
        delivery.status === "pending" ? null : again,
      ),
      h(
        "div",
        {},
        h("p", { class: "hook-log__label" }, "webhook-id ", h("code", {}, delivery.event_id)),
        h("pre", { class: "hook-log__payload", tabindex: 0, "aria-label": "Payload" }, JSON.stringify(delivery.payload, null, 2)),
      ),
    );
  }

  /** @param {string} id */
  async #redeliver(id) {
    try {
      await calls.redeliver(this.webhookId, id);
      await this.watch();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    }
  }
}

/** @param {Delivery} delivery */
function titleOf({ payload }) {
  const data = /** @type {{data?: {recording?: {title?: string, id?: string}}}} */ (payload).data;
  return data?.recording?.title || data?.recording?.id || "";
}
