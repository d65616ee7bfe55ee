/** One webhook in the list: how it is, what can be done to it, and its log. */

import { h } from "../dom.js";
import { menuButton } from "../menu.js";
import { DeliveryLog } from "./log.js";
import { health, moment, subscription } from "./words.js";

/** @typedef {import("./calls.js").Webhook} Webhook */
/** @typedef {"test" | "edit" | "rotate" | "on" | "off" | "delete"} Deed */

export class HookRow {
  #body = h("div", { class: "hook__body" });
  #logButton = h("button", { class: "button button--small", type: "button", "aria-expanded": "false", onclick: () => void this.toggleLog() }, "Log");
  #log;

  /**
   * @param {Webhook} webhook
   * @param {(deed: Deed, row: HookRow) => void} act
   * @param {() => void} changed  a delivery came to an end
   */
  constructor(webhook, act, changed) {
    this.webhook = webhook;
    this.act = act;
    this.#log = new DeliveryLog(webhook.id, changed);
    this.#log.element.hidden = true;
    this.#log.element.id = `log-of-${webhook.id}`;
    this.#logButton.setAttribute("aria-controls", this.#log.element.id);
    this.element = h("li", { class: "hook", "data-hook": webhook.id }, this.#body, this.#log.element);
    this.show(webhook);
  }

  /** @param {Webhook} webhook */
  show(webhook) {
    this.webhook = webhook;
    const { state, words, why } = health(webhook);
    const held = this.#body.contains(document.activeElement) && document.activeElement !== this.#logButton;
    const [current, ...old] = webhook.secrets;
    const overlap = old.length ? `; ${old.map(({ hint, expires_at: at }) => `${hint} signs until ${at ? moment(at) : "then"}`).join(", ")}` : "";
    const facts = [subscription(webhook.events), current ? `Secret ${current.hint}${overlap}` : "", webhook.last ? `Last attempt ${moment(webhook.last.at)}` : ""];
    this.element.dataset.state = state;
    const test = h("button", { class: "button button--small", type: "button", disabled: !webhook.enabled, onclick: () => this.act("test", this) }, "Send a test");
    this.#body.replaceChildren(
      h(
        "div",
        { class: "hook__what" },
        h("p", { class: "hook__url" }, webhook.url),
        webhook.description ? h("p", { class: "hook__note" }, webhook.description) : null,
        h("p", { class: "hook__facts" }, ...facts.filter(Boolean).map((fact) => h("span", {}, fact))),
      ),
      h("div", { class: "hook__how" }, h("span", { class: "badge", "data-state": state }, words), why ? h("p", { class: "hook__why" }, why) : null),
      h("div", { class: "hook__acts" }, test, this.#logButton, menuButton("More", () => this.#items(), { class: "button button--small", label: `More for ${webhook.url}` })),
    );
    if (held) test.focus();
  }

  #items() {
    /** @param {Deed} deed */
    const run = (deed) => () => this.act(deed, this);
    return [
      { label: "Change", run: run("edit") },
      { label: "New secret", run: run("rotate") },
      this.webhook.enabled ? { label: "Turn off", run: run("off") } : { label: "Turn on", run: run("on") },
      { label: "Delete", run: run("delete"), danger: true },
    ];
  }

  /** @param {boolean} [shown] */
  async toggleLog(shown = Boolean(this.#log.element.hidden)) {
    this.#log.element.hidden = !shown;
    this.#logButton.setAttribute("aria-expanded", String(shown));
    if (shown) await this.#log.watch();
  }

  /** Show the log with a delivery that was just sent. @param {string} deliveryId */
  async follow(deliveryId) {
    this.#log.open(deliveryId);
    await this.toggleLog(true);
  }
}
