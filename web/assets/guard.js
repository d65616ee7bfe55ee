/** Keeps console pages for people who are signed in, and warns before a sign-in runs out. */

import { h, need } from "./dom.js";
import { showAccount } from "./header.js";
import * as session from "./session.js";
import { signInBeside, signInForm } from "./sign-in.js";
import { toast } from "./toast.js";

/** @typedef {import("./session.js").Session} Session */

const WARN_MS = 120_000;
/** Browsers take no longer timer than this, about 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** @type {Promise<Session> | null} */
let asking = null;

/**
 * The session; when there is none, the sign-in stands in `<main>`'s place until there is one.
 *
 * @returns {Promise<Session>}
 */
export async function signedIn() {
  showAccount();
  const known = session.current() ?? (await session.sharedSession()) ?? (await askInPlace());
  showAccount();
  watchExpiry(known);
  return known;
}

/** @returns {Promise<Session>} */
async function askInPlace() {
  const main = need("main");
  const gate = h("main", { class: "gate" });
  main.hidden = true;
  main.after(gate);
  return new Promise((resolve) => {
    const done = () => {
      const known = session.current();
      if (!known) return;
      gate.remove();
      main.hidden = false;
      resolve(known);
    };
    void signInForm(done).then((form) => {
      gate.append(
        h("h1", { class: "gate__title" }, "Sign in"),
        h("p", { class: "gate__text" }, "to see your recordings, your streams and how they were watched."),
        form,
      );
    });
  });
}

/**
 * A session that the API takes again, after it refused the one there was (401): asked for over the page, which keeps all it shows.
 *
 * @param {string} [why]
 * @returns {Promise<Session>}
 */
export function signedInAgain(why = "Your sign-in has run out.") {
  asking ??= new Promise((resolve) => {
    const user = lastUser;
    const again = h("button", { class: "button button--primary", type: "button" }, "Sign in again");
    const dialog = /** @type {HTMLDialogElement} */ (
      h(
        "dialog",
        { class: "dialog", "aria-labelledby": "again-title" },
        h("h2", { class: "dialog__title", id: "again-title" }, why),
        h("p", { class: "dialog__text" }, "Nothing on this page is lost. It goes on once you have signed in again."),
        h("div", { class: "dialog__buttons" }, again),
      )
    );
    again.onclick = () => signInBeside(user);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    const done = () => {
      const known = session.current();
      if (!known) return;
      window.removeEventListener("headwater-session", done);
      dialog.remove();
      asking = null;
      showAccount();
      watchExpiry(known);
      resolve(known);
    };
    window.addEventListener("headwater-session", done);
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

let lastUser = "";
let warned = 0;
let ended = 0;
/** @type {() => void} */
let unwarn = () => {};

/** @param {Session} known */
function watchExpiry(known) {
  lastUser = known.user;
  unwarn();
  clearTimeout(warned);
  clearTimeout(ended);
  const leftMs = Date.parse(known.expires_at) - Date.now();
  if (leftMs > LONGEST_MS) return;
  warned = window.setTimeout(() => {
    unwarn = toast("Your sign-in runs out in two minutes.", {
      lasting: true,
      action: { label: "Stay signed in", run: () => signInBeside(known.user) },
    });
  }, Math.max(0, leftMs - WARN_MS));
  ended = window.setTimeout(() => {
    unwarn();
    void signedInAgain();
  }, leftMs);
}

window.addEventListener("headwater-session", () => {
  const known = session.current();
  if (known && lastUser) watchExpiry(known);
  else if (!known && lastUser && !asking) void signedInAgain("You signed out in another tab.");
});
