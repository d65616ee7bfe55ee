/** Short words at the bottom of the page about something that just happened. */

import { h } from "./dom.js";

const SHOWN_MS = 6000;

/** @returns {HTMLElement} */
function shelf() {
  const found = document.querySelector(".toasts");
  if (found instanceof HTMLElement) return found;
  const made = h("div", { class: "toasts", role: "status" });
  document.body.append(made);
  return made;
}

/**
 * @param {string} text
 * @param {{kind?: "plain" | "trouble", action?: {label: string, run: () => void}, lasting?: boolean}} [options]
 *   `lasting` stays until it is closed
 * @returns {() => void} takes it away
 */
export function toast(text, { kind = "plain", action, lasting = false } = {}) {
  const remove = () => card.remove();
  const act = () => {
    remove();
    action?.run();
  };
  const card = h(
    "div",
    { class: "toast", "data-kind": kind },
    h("p", { class: "toast__text" }, text),
    action ? h("button", { class: "toast__button", type: "button", onclick: act }, action.label) : null,
    h("button", { class: "toast__close", type: "button", "aria-label": "Close", onclick: remove }, "\u00d7"),
  );
  shelf().append(card);
  let timer = lasting ? 0 : window.setTimeout(remove, SHOWN_MS);
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", () => {
    if (!lasting) timer = window.setTimeout(remove, SHOWN_MS);
  });
  return remove;
}

/**
 * Put text into the clipboard and say so.
 *
 * @param {string} text
 * @param {string} said  such as "Link copied."
 */
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast("The browser did not allow copying.", { kind: "trouble" });
  }
}
