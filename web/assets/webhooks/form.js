/** The form that makes a webhook, or changes one. */

import { ApiError } from "../api.js";
import { h, setText } from "../dom.js";
import { EVENTS } from "./words.js";

/** @typedef {import("./calls.js").Webhook} Webhook */
/** @typedef {import("./calls.js").Wish} Wish */

const MOST_CHARS = 200;
/** A stack on one's own machine reaches that machine. */
const NEAR = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname) ? " From here http://127.0.0.1 works too." : "";

/**
 * @param {object} options
 * @param {Webhook | null} options.webhook       the one to change; null makes one
 * @param {(wish: Wish) => Promise<void>} options.save
 * @param {() => void} options.cancel
 * @returns {HTMLFormElement}
 */
export function webhookForm({ webhook, save, cancel }) {
  const url = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "url", name: "url", required: true, maxlength: 2000, placeholder: "https://example.org/headwater",
      autocomplete: "off", spellcheck: "false", value: webhook?.url ?? "", "aria-describedby": "hook-url-note hook-trouble",
    })
  );
  const description = /** @type {HTMLInputElement} */ (
    h("input", { type: "text", name: "description", maxlength: MOST_CHARS, autocomplete: "off", value: webhook?.description ?? "" })
  );
  const all = radio("all", "Everything", "Also events that are yet to be invented.", !webhook || webhook.events.includes("*"));
  const some = radio("some", "Only what I choose", "", Boolean(webhook && !webhook.events.includes("*")));
  const boxes = EVENTS.flatMap(([, events]) => events.map(([name, meaning]) => checkbox(name, meaning, webhook)));
  const chosen = () => boxes.filter(({ input }) => input.checked).map(({ input }) => input.value);
  const groups = h("div", { class: "hook-form__groups", hidden: !some.input.checked });
  for (const [title, events] of EVENTS) {
    const own = boxes.filter(({ input }) => events.some(([name]) => name === input.value)).map(({ label }) => label);
    groups.append(h("fieldset", { class: "hook-form__group" }, h("legend", {}, title), ...own));
  }
  const trouble = h("p", { class: "form__message", id: "hook-trouble", role: "alert" });
  const send = /** @type {HTMLButtonElement} */ (
    h("button", { class: "button button--primary", type: "submit" }, webhook ? "Save" : "Add")
  );
  for (const { input } of [all, some]) input.addEventListener("change", () => (groups.hidden = !some.input.checked));

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const events = all.input.checked ? ["*"] : chosen();
    const fault = faultOf(url.value.trim(), events);
    setText(trouble, fault);
    url.setAttribute("aria-invalid", String(fault !== "" && events.length > 0));
    if (fault) return (events.length ? url : (boxes[0]?.input ?? url)).focus();
    send.disabled = true;
    try {
      // as browsers write addresses: names of other scripts in letters that every network knows
      await save({ url: new URL(url.value.trim()).href, events, description: description.value.trim() });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(trouble, error.message);
      url.setAttribute("aria-invalid", String(error.code === "webhook_url_refused"));
    } finally {
      send.disabled = false;
    }
  };
  return /** @type {HTMLFormElement} */ (
    h(
      "form",
      { class: "hook-form card", novalidate: true, onsubmit: submit, "aria-labelledby": "hook-form-title" },
      h("h2", { class: "hook-form__title", id: "hook-form-title" }, webhook ? "Change this webhook" : "Add a webhook"),
      h("label", { class: "field" }, "Address", url),
      h("p", { class: "hook-form__note", id: "hook-url-note" }, `Public and over https. Requests are POSTs of JSON; a 2xx answer within ten seconds takes them.${NEAR}`),
      h("fieldset", { class: "hook-form__which" }, h("legend", {}, "Events"), all.label, some.label),
      groups,
      h("label", { class: "field" }, "Note to yourself (optional)", description),
      trouble,
      h("div", { class: "hook-form__acts" }, send, h("button", { class: "button", type: "button", onclick: cancel }, "Cancel")),
    )
  );
}

/** @param {string} url @param {string[]} events */
function faultOf(url, events) {
  if (!url) return "Say where to send events.";
  if (!URL.canParse(url)) return "This is not a full address: it begins with https:// and names a host.";
  return events.length ? "" : "Choose at least one event.";
}

/** @param {string} value @param {string} words @param {string} more @param {boolean} checked */
function radio(value, words, more, checked) {
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "radio", name: "which", value, checked }));
  const label = h("label", { class: "hook-form__choice" }, input, h("span", {}, words, more ? h("small", {}, more) : null));
  return { input, label };
}

/** @param {string} name @param {string} meaning @param {Webhook | null} webhook */
function checkbox(name, meaning, webhook) {
  const checked = Boolean(webhook?.events.includes(name));
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "event", value: name, checked }));
  const label = h("label", { class: "hook-form__choice" }, input, h("span", {}, h("code", {}, name), h("small", {}, meaning)));
  return { input, label };
}
