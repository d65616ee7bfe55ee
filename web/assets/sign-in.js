/** What stands where a page needs somebody to sign in first. */

import { h } from "./dom.js";
import * as session from "./session.js";

/**
 * A button that leaves for the issuer and comes back to this page. `onSignedIn` is called without leaving when another tab shares its
 * session.
 *
 * @param {() => void} onSignedIn
 * @returns {Promise<HTMLElement>}
 */
export async function signInForm(onSignedIn) {
  const message = h("p", { class: "form__message", role: "alert" });
  const leave = async () => {
    message.textContent = "";
    try {
      await session.signIn();
    } catch (error) {
      const unreachable = error instanceof TypeError; // what fetch throws
      message.textContent = unreachable ? "The server cannot be reached." : /** @type {Error} */ (error).message;
    }
  };
  const onSession = () => {
    if (!session.current()) return;
    window.removeEventListener("headwater-session", onSession);
    onSignedIn();
  };
  window.addEventListener("headwater-session", onSession);
  return h(
    "div",
    { class: "sign-in" },
    h("button", { class: "button button--primary", type: "button", onclick: leave }, "Sign in"),
    message,
  );
}

/**
 * Sign in again in a window of its own, so that this page loses nothing.
 *
 * @param {string} user
 */
export function signInBeside(user) {
  const query = new URLSearchParams({ again: user });
  window.open(`/signed-in?${query}`, "headwater-sign-in", "popup,width=480,height=640");
}
