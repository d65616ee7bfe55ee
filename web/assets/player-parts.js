/** Fills the stage: picture, controls, menus, panel and notice, the same on every page that plays a recording. */

import { h } from "./dom.js";
import { offerSpeeds } from "./speed-menu.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} d  of a 24 × 24 picture */
function icon(d) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  picture.append(path);
  return picture;
}

function menus() {
  const menu = (/** @type {string} */ tag, /** @type {string} */ name, /** @type {string} */ label) =>
    h(
      tag,
      { id: `${name}-menu`, anchor: `${name}-button`, "aria-label": label, hidden: true },
      h("span", { slot: "header", hidden: true }), // else a button that leads back from a submenu, which a menu may not hold
    );
  return [
    menu("media-chrome-menu", "quality", "Quality"),
    menu("media-captions-menu", "captions", "Captions"),
    menu("media-chrome-menu", "speed", "Speed"),
  ];
}

function bar() {
  const quiet = { notooltip: true };
  return h(
    "media-control-bar",
    {},
    h("media-play-button", quiet),
    h("media-mute-button", quiet),
    h("media-volume-range", {}),
    h("media-time-display", { showduration: true, notoggle: true }),
    h("button", { class: "live-button", id: "live-button", type: "button", hidden: true }),
    h("span", { class: "player__spacer" }),
    h("media-chrome-menu-button", { ...quiet, id: "speed-button", invoketarget: "speed-menu" }),
    h("media-captions-menu-button", { ...quiet, id: "captions-button", invoketarget: "captions-menu" }),
    h("media-chrome-menu-button", { ...quiet, id: "quality-button", invoketarget: "quality-menu" }, "Auto"),
    h("media-pip-button", quiet),
    h("media-fullscreen-button", quiet),
  );
}

/**
 * @param {HTMLElement} stage  an empty `<div class="stage" id="stage" data-view="panel">`
 */
export function fillStage(stage) {
  const begin = h("button", { class: "begin", id: "begin", type: "button", "aria-label": "Play", hidden: true }, icon("M7 4.5v15l13-7.5z"));
  const length = h("p", { class: "begin__length", id: "begin-length" });
  const controller = h(
    "media-controller",
    { class: "player", fullscreenelement: stage.id },
    h("video", { slot: "media", playsinline: true, preload: "auto", crossorigin: "" }),
    h("media-loading-indicator", { slot: "centered-chrome", noautohide: true }),
    ...menus(),
    h("div", { class: "player__timeline" }, h("media-time-range", {})),
    bar(),
  );
  offerSpeeds(controller);
  stage.replaceChildren(
    controller,
    begin,
    length,
    h("section", { class: "panel", id: "panel", "aria-live": "polite" }),
    h("p", { class: "notice", id: "notice", role: "status", hidden: true }),
  );
  return { controller, begin };
}
