/** A secret, shown this once. */

import { h } from "../dom.js";
import { copy } from "../toast.js";

/**
 * @param {string} secret
 * @param {string} title
 * @param {string} more
 */
export function secretCard(secret, title, more) {
  const card = h(
    "section",
    { class: "hook-secret", "aria-labelledby": "hook-secret-title" },
    h("h2", { class: "hook-secret__title", id: "hook-secret-title" }, title),
    h("p", { class: "hook-secret__text" }, `Signatures are checked with it. It is shown this once, and cannot be asked for again. ${more}`),
    h(
      "div",
      { class: "hook-secret__line" },
      h("code", { class: "hook-secret__code", tabindex: 0, "aria-label": "Secret" }, secret),
      h("button", { class: "button", type: "button", onclick: () => void copy(secret, "Secret copied.") }, "Copy"),
      h("button", { class: "button button--quiet", type: "button", onclick: () => card.remove() }, "I have kept it"),
    ),
  );
  return card;
}
