/** The top of every page: where one is, where one can go, and who is signed in. */

import { h } from "./dom.js";
import { menuButton } from "./menu.js";
import * as session from "./session.js";
import "./theme.js";

/** @typedef {"recordings" | "live" | "analytics" | "webhooks" | "settings" | ""} Place */

/** @type {[Place, string, string][]} */
const PLACES = [
  ["recordings", "/", "Recordings"],
  ["live", "/studio", "Live"],
  ["analytics", "/analytics", "Analytics"],
  ["webhooks", "/webhooks", "Webhooks"],
];
const SVG = "http://www.w3.org/2000/svg";

/** @type {Place} */
let place = "";

function wordmark() {
  const mark = document.createElementNS(SVG, "svg");
  mark.setAttribute("class", "wordmark__mark");
  mark.setAttribute("viewBox", "0 0 24 24");
  mark.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M2 5c6 0 6 7 12 7h8M2 12h20M2 19c6 0 6-7 12-7");
  mark.append(path);
  const link = h("a", { class: "wordmark", href: "/" }, "Headwater");
  link.prepend(mark);
  return link;
}

function navigation() {
  const links = PLACES.map(([name, href, words]) =>
    h("a", { class: "places__link", href, "aria-current": name === place ? "page" : null }, words),
  );
  return h("nav", { class: "places", "aria-label": "Console" }, ...links);
}

/** @param {import("./session.js").Session} current */
function account(current) {
  const face = h(
    "span",
    { class: "account__who" },
    h("span", { class: "account__initial", "data-initial": current.user.slice(0, 1).toUpperCase() }),
    h("span", { class: "account__name" }, current.user),
  );
  const items = () => [
    { label: "Settings", href: "/settings" },
    { label: "Sign out", run: () => void session.leave() },
  ];
  return menuButton(face, items, { class: "account__button", label: `Account: ${current.user}, ${current.role}` });
}

/**
 * Fill `<header class="masthead" id="masthead">` for the session as it is now; who is not signed in sees the name alone.
 *
 * @param {Place} active  the entry to mark
 */
export function showHeader(active) {
  place = active;
  const masthead = document.querySelector("#masthead");
  if (!masthead) return;
  const current = session.current();
  masthead.replaceChildren(wordmark(), ...(current ? [navigation(), h("div", { class: "account" }, account(current))] : []));
}

/** Draw it again after a sign-in or a sign-out; pages with a header of their own have `#account` alone filled. */
export function showAccount() {
  if (document.querySelector("#masthead")) return showHeader(place);
  const current = session.current();
  document.querySelector("#account")?.replaceChildren(...(current ? [account(current)] : []));
}
