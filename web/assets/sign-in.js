/** The sign-in form, for stages whose issuer is the development one. */

import { h } from "./dom.js";
import * as session from "./session.js";

const ROLES = ["publisher", "viewer", "admin"];

/**
 * @param {() => void} onSignedIn
 * @returns {HTMLElement}
 */
function devForm(onSignedIn) {
  const user = /** @type {HTMLInputElement} */ (
    h("input", { name: "user", required: true, autocomplete: "username", autocapitalize: "none", maxlength: 64 })
  );
  const role = /** @type {HTMLSelectElement} */ (
    h("select", { name: "role" }, ...ROLES.map((name) => h("option", { value: name }, name)))
  );
  const message = h("p", { class: "form__message", role: "alert" });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    message.textContent = "";
    try {
      await session.signIn(user.value.trim(), role.value);
      onSignedIn();
    } catch (error) {
      const unreachable = error instanceof TypeError; // what fetch throws
      message.textContent = unreachable ? "The server cannot be reached." : /** @type {Error} */ (error).message;
    }
  };
  return h(
    "form",
    { class: "form", onsubmit: submit },
    h("label", { class: "field" }, h("span", {}, "User"), user),
    h("label", { class: "field" }, h("span", {}, "Role"), role),
    h("button", { class: "button button--primary", type: "submit" }, "Sign in"),
    message,
  );
}

/**
 * What to show to somebody who is not signed in: a form, or words when this stage's issuer is elsewhere.
 *
 * @param {() => void} onSignedIn
 * @returns {Promise<HTMLElement>}
 */
export async function signInForm(onSignedIn) {
  try {
    const { auth } = await session.stageConfig();
    if (auth.kind === "dev") return devForm(onSignedIn);
    return h("p", {}, "Sign in with your organisation, or open a link that was shared with you.");
  } catch {
    return h("p", {}, "The server cannot be reached. Reload the page to try again.");
  }
}
