/** A button that opens a short list of things to do: native popover, arrow keys, focus back where it was. */

import { h } from "./dom.js";

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} [href]          a link; else `run` is called
 * @property {() => void} [run]
 * @property {boolean} [danger]       takes something away
 */

let made = 0;

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} list
 */
function place(button, list) {
  const { right, bottom, top } = button.getBoundingClientRect();
  const below = innerHeight - bottom > list.offsetHeight + 8 || top < list.offsetHeight + 8;
  list.style.left = `${Math.max(8, Math.min(right - list.offsetWidth, innerWidth - list.offsetWidth - 8))}px`;
  list.style.top = `${below ? bottom + 4 : top - list.offsetHeight - 4}px`;
}

/**
 * @param {MenuItem} item
 * @param {() => void} close
 */
function entry({ label, href, run, danger }, close) {
  const properties = { class: "menu__item", role: "menuitem", tabindex: -1, "data-danger": danger ?? false };
  if (href !== undefined) return h("a", { ...properties, href }, label);
  const onclick = () => {
    close();
    run?.();
  };
  return h("button", { ...properties, type: "button", onclick }, label);
}

/**
 * A button and its menu, side by side in a span.
 *
 * @param {Node | string} face            what the button shows
 * @param {() => MenuItem[]} items        asked each time it opens
 * @param {{label?: string, class?: string}} [options]  `label` names a button that shows no words
 * @returns {HTMLElement}
 */
export function menuButton(face, items, { label, class: kind = "button button--quiet" } = {}) {
  const id = `menu-${++made}`;
  const list = h("div", { class: "menu", id, popover: "auto", role: "menu", "aria-label": label ?? "Menu" });
  const button = h(
    "button",
    { class: kind, type: "button", popovertarget: id, "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": label },
    face,
  );
  const close = () => list.hidePopover();
  const focusables = () => /** @type {HTMLElement[]} */ ([...list.children]);
  const onBeforeToggle = (/** @type {ToggleEvent} */ event) => {
    if (event.newState === "open") list.replaceChildren(...items().map((item) => entry(item, close)));
  };
  const onToggle = (/** @type {ToggleEvent} */ event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place(button, list);
    focusables()[0]?.focus();
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const all = focusables();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 };
    if (event.key in to) {
      event.preventDefault();
      all[to[/** @type {keyof typeof to} */ (event.key)]]?.focus();
    } else if (event.key === "Tab") {
      close();
    }
  };
  list.addEventListener("beforetoggle", /** @type {EventListener} */ (onBeforeToggle));
  list.addEventListener("toggle", /** @type {EventListener} */ (onToggle));
  list.addEventListener("keydown", onKey);
  return h("span", { class: "menu-holder" }, button, list);
}
