/** Where the issuer sends people back to: trades its answer for a token and goes on to where they were. */

import { h, need } from "./dom.js";
import { showHeader } from "./header.js";
import { SignInError } from "./oidc.js";
import * as session from "./session.js";

const again = new URLSearchParams(location.search).get("again");

/**
 * @param {string} title
 * @param {string} text
 * @param {...(Node | null)} more
 */
function say(title, text, ...more) {
  need("#message").replaceChildren(
    h("h1", { class: "message__title" }, title),
    h("p", { class: "message__text" }, text),
    ...more.filter((part) => part !== null),
  );
}

/** @param {unknown} error */
function showError(error) {
  const { code, message } =
    error instanceof SignInError ? error : { code: "unreachable", message: "The server cannot be reached." };
  const retry = () => void session.signIn("/").catch(showError);
  say(
    "That did not work",
    message,
    h("p", { class: "message__code" }, h("code", {}, code)),
    h("button", { class: "button button--primary", type: "button", onclick: retry }, "Sign in"),
  );
}

async function open() {
  showHeader("");
  if (again !== null) return session.signInAgain(again);
  const next = await session.finishSignIn();
  if (next !== null) return location.replace(next);
  say("You are signed in", "The page you came from goes on. This window can be closed.");
  window.close();
}

open().catch(showError);
