/** /webhooks: who hears of one's recordings and streams, and what came of it. */

import { ApiError } from "./api.js";
import { confirm } from "./confirm.js";
import { h, need } from "./dom.js";
import { signedIn, signedInAgain } from "./guard.js";
import { showHeader } from "./header.js";
import { toast } from "./toast.js";
import * as calls from "./webhooks/calls.js";
import { webhookForm } from "./webhooks/form.js";
import { HookRow } from "./webhooks/hook.js";
import { secretCard } from "./webhooks/secret.js";

/** @typedef {import("./webhooks/calls.js").Webhook} Webhook */
/** @typedef {import("./webhooks/hook.js").Deed} Deed */

/** @type {Map<string, HookRow>} */
const rows = new Map();
const add = /** @type {HTMLButtonElement} */ (need("#add"));
const place = need("#form");
const list = need("#list");
const message = need("#message");

/**
 * Do something that calls the API; what it refuses is said, and a sign-in that ran out is asked for once.
 *
 * @template T
 * @param {() => Promise<T>} deed
 * @returns {Promise<T | null>}
 */
async function attempt(deed) {
  try {
    return await deed();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) {
      await signedInAgain();
      return attempt(deed);
    }
    toast(error.message, { kind: "trouble" });
    return null;
  }
}

/** @param {Webhook[]} webhooks */
function draw(webhooks) {
  const known = new Set(webhooks.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (known.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  for (const webhook of webhooks) {
    const row = rows.get(webhook.id);
    if (row) row.show(webhook);
    else insert(webhook);
  }
  list.setAttribute("aria-busy", "false");
  const none = rows.size === 0 && !place.childElementCount;
  message.replaceChildren(...(none ? [nothing()] : []));
  add.hidden = rows.size === 0 || place.childElementCount > 0;
}

/** @param {Webhook} webhook */
function insert(webhook) {
  const row = new HookRow(webhook, (deed, of) => void act(deed, of), () => void refresh());
  rows.set(webhook.id, row);
  list.append(row.element);
}

const webhooks = () => [...rows.values()].map(({ webhook }) => webhook);

function nothing() {
  return h(
    "div",
    { class: "empty" },
    h("h2", { class: "empty__title" }, "Nobody is told yet"),
    h("p", { class: "empty__text" }, "Name an address of your server. When a recording becomes playable, is ready or fails, and when a stream begins, pauses or ends, Headwater sends it a signed request."),
    h("button", { class: "button button--primary", type: "button", onclick: () => openForm(null) }, "Add a webhook"),
  );
}

/** @param {ApiError} error */
function trouble(error) {
  list.replaceChildren();
  list.setAttribute("aria-busy", "false");
  message.replaceChildren(
    h(
      "div",
      { class: "empty" },
      h("h2", { class: "empty__title" }, "Your webhooks cannot be shown now"),
      h("p", { class: "empty__text" }, error.message),
      h("button", { class: "button", type: "button", onclick: () => void load() }, "Try again"),
    ),
  );
}

/** @param {HookRow | null} row  whose webhook to change; null makes one */
function openForm(row) {
  const close = () => {
    place.replaceChildren();
    draw(webhooks());
    if (row) row.element.querySelector("button")?.focus();
    else (add.hidden ? message.querySelector("button") : add)?.focus();
  };
  const form = webhookForm({
    webhook: row?.webhook ?? null,
    cancel: close,
    save: async (wish) => {
      if (row) {
        row.show(await calls.change(row.webhook.id, wish));
      } else {
        const made = await calls.create(wish);
        insert(made.webhook);
        showSecret(made.secret, "Its secret", "Keep it where your server reads it.");
      }
      close();
    },
  });
  place.replaceChildren(form);
  draw(webhooks());
  form.querySelector("input")?.focus();
  form.scrollIntoView({ block: "nearest" });
}

/** @param {string} secret @param {string} title @param {string} more */
function showSecret(secret, title, more) {
  const card = secretCard(secret, title, more);
  need("#secret").replaceChildren(card);
  card.scrollIntoView({ block: "nearest" });
}

/** @param {Deed} deed @param {HookRow} row */
async function act(deed, row) {
  const { id, url } = row.webhook;
  if (deed === "edit") return openForm(row);
  if (deed === "test") {
    const delivery = await attempt(() => calls.test(id));
    if (delivery) await row.follow(delivery.id);
  } else if (deed === "rotate") {
    const sure = await confirm({
      title: "Make a new secret?",
      text: "For 24 hours requests carry both signatures: put the new secret into your server meanwhile.",
      action: "Make a new secret",
    });
    const made = sure ? await attempt(() => calls.rotate(id)) : null;
    if (!made) return;
    row.show(made.webhook);
    showSecret(made.secret, "The new secret", "The old one signs as well for 24 hours.");
  } else if (deed === "delete") {
    const title = "Delete this webhook?";
    const sure = await confirm({ title, text: `${url} hears no more, and its log goes.`, action: "Delete", danger: true });
    if (!sure || (await attempt(() => calls.remove(id).then(() => true))) !== true) return;
    row.element.remove();
    rows.delete(id);
    draw(webhooks());
    toast("Webhook deleted.");
  } else {
    const changed = await attempt(() => calls.change(id, { enabled: deed === "on" }));
    if (changed) row.show(changed);
  }
}

async function refresh() {
  const found = await attempt(calls.list);
  if (found) draw(found);
}

async function load() {
  message.replaceChildren();
  list.replaceChildren(...[0, 1].map(() => h("li", { class: "hook skeleton hook--waiting", "aria-hidden": "true" })));
  try {
    const found = await calls.list();
    list.replaceChildren();
    rows.clear();
    draw(found);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) return trouble(error);
    await signedInAgain();
    await load();
  }
}

showHeader("webhooks");
add.onclick = () => openForm(null);
await signedIn();
await load();
