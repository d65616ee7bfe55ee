/** How fast it plays: a menu and a button of our own, because media-chrome's button is named otherwise than it looks. */

import { h } from "./dom.js";

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** @typedef {import("./quality-menu.js").Menu} Menu */
/** @typedef {import("./quality-menu.js").MenuItem} MenuItem */

/**
 * Fill `#speed-menu` and keep `#speed-button` saying what is so.
 *
 * @param {HTMLElement} controller  holds both, and the video, which may be another later
 */
export function offerSpeeds(controller) {
  const menu = /** @type {Menu} */ (controller.querySelector("#speed-menu"));
  const button = /** @type {HTMLElement} */ (controller.querySelector("#speed-button"));
  const items = RATES.map((rate) => /** @type {MenuItem} */ (h("media-chrome-menu-item", { type: "radio", value: rate }, `${rate}x`)));
  const show = (/** @type {number} */ rate) => {
    button.replaceChildren(`${rate}x`);
    button.setAttribute("aria-label", `${rate}x, speed`); // what is seen comes first in what is said
    for (const item of items) item.checked = Number(item.value) === rate;
  };
  menu.append(...items);
  menu.addEventListener("change", () => {
    const video = controller.querySelector("video");
    if (video) video.playbackRate = Number(menu.value);
  });
  // media events do not bubble, but they come by on their way down
  controller.addEventListener("ratechange", ({ target }) => target instanceof HTMLVideoElement && show(target.playbackRate), true);
  show(1);
}
