/** The front page: sign in, then the user's recordings. */

import * as api from "./api.js";
import { STATUS_WORDS } from "./details.js";
import { h, need } from "./dom.js";
import { clock, when } from "./format.js";
import { showAccount, showHeader } from "./header.js";
import * as session from "./session.js";
import { signInForm } from "./sign-in.js";

/** @typedef {import("./types.js").Recording} Recording */
/** @typedef {"loading" | "signed-out" | "empty" | "list" | "error"} View */

const list = need("#recordings");
const more = need("#more");
const message = need("#message");

/** @param {View} view */
function show(view) {
  need("#library").dataset.view = view;
}

/** @param {Recording} recording */
function row(recording) {
  const { id, title, status, error } = recording;
  const words = status === "playable" && error ? "Cancelled" : STATUS_WORDS[status];
  const length = recording.duration_s ? clock(recording.duration_s) : "";
  const facts = [length, when(recording.created_at)].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: "recording" },
    h(
      "div",
      { class: "recording__main" },
      h("a", { class: "recording__title", href: `/watch/${encodeURIComponent(id)}` }, title || recording.filename),
      h("p", { class: "recording__facts" }, facts),
      error ? h("p", { class: "recording__error" }, error.detail) : null,
    ),
    h("span", { class: "badge", "data-status": status }, words ?? status),
  );
}

async function showSignIn() {
  showAccount();
  message.replaceChildren(
    h("h1", { class: "message__title" }, "Sign in"),
    h("p", { class: "message__text" }, "to see your recordings."),
    await signInForm(() => void open()),
  );
  show("signed-out");
}

function showEmpty() {
  message.replaceChildren(
    h("h1", { class: "message__title" }, "No recordings yet"),
    h("p", { class: "message__text" }, "Upload one from a terminal. It can be watched while it still encodes."),
    h("pre", { class: "command" }, h("code", {}, "headwater upload lecture.mp4")),
    h("p", { class: "message__buttons" }, h("a", { class: "button", href: "/studio" }, "Or go live from this browser")),
  );
  show("empty");
}

/** @param {api.ApiError} error */
function showError(error) {
  const retry = () => void open();
  message.replaceChildren(
    h("h1", { class: "message__title" }, "The list could not be loaded"),
    h("p", { class: "message__text" }, error.message),
    h("p", { class: "message__code" }, h("code", {}, error.code)),
    h("button", { class: "button", type: "button", onclick: retry }, "Try again"),
  );
  show("error");
}

/** @param {string | null} cursor */
async function load(cursor) {
  try {
    const page = await api.recordings(cursor);
    if (cursor === null) list.replaceChildren();
    list.append(...page.recordings.map(row));
    more.hidden = page.next_cursor === null;
    more.onclick = () => void load(page.next_cursor);
    if (list.childElementCount) show("list");
    else showEmpty();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 401) {
      session.signOut();
      await showSignIn();
    } else {
      showError(error);
    }
  }
}

async function open() {
  showAccount();
  if (!session.current()) return showSignIn();
  show("loading");
  return load(null);
}

showHeader("recordings");
void open();
