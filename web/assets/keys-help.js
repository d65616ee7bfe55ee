/** The map of the keyboard, over the page at `?`. */

import { h } from "./dom.js";

/** @type {[string, [string[], string][]][]} */
const KEYS = [
  [
    "Play",
    [
      [["Space", "k"], "play and pause"],
      [["<", ">"], "slower, faster"],
      [["m"], "sound off and on"],
      [["↑", "↓"], "louder, quieter"],
    ],
  ],
  [
    "Move",
    [
      [["←", "→"], "back, forward"],
      [["j", "l"], "10 s back, forward"],
      [["0", "…", "9"], "to that tenth"],
    ],
  ],
  [
    "Show",
    [
      [["c"], "captions"],
      [["f"], "full screen"],
      [["i"], "statistics"],
      [["?"], "this list"],
    ],
  ],
];
const TYPED = "input, select, textarea, [contenteditable]";

/** @param {[string[], string]} entry */
function row([keys, words]) {
  return h("div", { class: "keys__row" }, h("dt", {}, ...keys.map((key) => h("kbd", {}, key))), h("dd", {}, words));
}

/** Listen for `?`, and make what shows and hides the map. @returns {() => void} */
export function keysHelp() {
  const close = h("button", { class: "button button--quiet button--small keys__close", "aria-label": "Close" }, "Close");
  const groups = KEYS.map(([name, rows]) =>
    h("section", { class: "keys__group" }, h("h3", { class: "keys__name" }, name), h("dl", {}, ...rows.map(row))),
  );
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      { class: "dialog keys", "aria-labelledby": "keys-title" },
      h("form", { method: "dialog", class: "keys__head" }, h("h2", { class: "dialog__title", id: "keys-title" }, "Keys"), close),
      h("div", { class: "keys__groups" }, ...groups),
    )
  );
  const toggle = () => {
    // what is full screen lies over everything outside it
    (document.fullscreenElement ?? document.body).append(dialog);
    if (dialog.open) dialog.close();
    else dialog.showModal();
  };
  document.addEventListener("keydown", (event) => {
    const typed = event.target instanceof Element && event.target.closest(TYPED) !== null;
    if (event.key !== "?" || event.ctrlKey || event.metaKey || typed) return;
    event.preventDefault();
    toggle();
  });
  return toggle;
}
