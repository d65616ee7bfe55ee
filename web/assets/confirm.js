/** Asks before something that cannot be undone: a modal dialog, answered with true or false. */

import { h } from "./dom.js";

let asked = 0;

/**
 * @param {object} question
 * @param {string} question.title
 * @param {string} [question.text]
 * @param {string} question.action       words of the button that does it
 * @param {boolean} [question.danger]    it takes something away
 * @param {string} [question.stay]       words of the other button
 * @param {Node} [question.body]         shown below the text
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, action, danger = false, stay = "Cancel", body }) {
  const id = `question-${++asked}`;
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      { class: "dialog", "aria-labelledby": id },
      h(
        "form",
        { method: "dialog" },
        h("h2", { class: "dialog__title", id }, title),
        text ? h("p", { class: "dialog__text" }, text) : null,
        body ?? null,
        h(
          "div",
          { class: "dialog__buttons" },
          h("button", { class: "button", value: "stay", autofocus: danger }, stay),
          h("button", { class: danger ? "button button--danger" : "button button--primary", value: "go" }, action),
        ),
      ),
    )
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "go");
    });
  });
}
