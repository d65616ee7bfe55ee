/** What the list is narrowed by: the form above it, kept in the page's address. */

import { h, need } from "../dom.js";

/** @typedef {{q: string, status: string, sort: string}} Filter */

/** @type {[string, string][]} */
const STATUSES = [
  ["", "Every status"],
  ["ready", "Ready"],
  ["playable", "Playable, still encoding"],
  ["processing", "Encoding"],
  ["uploading", "Uploading"],
  ["live", "Live"],
  ["waiting", "Not live yet"],
  ["errored", "Failed"],
];
/** @type {[string, string][]} */
const ORDERS = [
  ["created", "Newest first"],
  ["oldest", "Oldest first"],
  ["title", "By title"],
  ["duration", "Longest first"],
];
const TYPING_MS = 250;

/** @param {[string, string][]} choices */
const options = (choices) => choices.map(([value, words]) => h("option", { value }, words));

export class Filters {
  #search = /** @type {HTMLInputElement} */ (need("#search"));
  #status = /** @type {HTMLSelectElement} */ (need("#status"));
  #sort = /** @type {HTMLSelectElement} */ (need("#sort"));
  #timer = 0;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#status.append(...options(STATUSES));
    this.#sort.append(...options(ORDERS));
    this.#read({ typed: true });
    const changed = () => {
      clearTimeout(this.#timer);
      this.#write();
      onChange();
    };
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(changed, TYPING_MS);
    });
    this.#status.addEventListener("change", changed);
    this.#sort.addEventListener("change", changed);
    need("#filters").addEventListener("submit", (event) => {
      event.preventDefault();
      changed();
    });
    addEventListener("popstate", () => {
      this.#read();
      onChange();
    });
    addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea, [role=menuitem]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#search.focus();
    });
  }

  /** @returns {Filter} */
  get value() {
    return { q: this.#search.value.trim(), status: this.#status.value, sort: this.#sort.value || "created" };
  }

  /** True when nothing is left out. */
  get open() {
    return !this.value.q && !this.value.status;
  }

  clear() {
    this.#search.value = "";
    this.#status.value = "";
    this.#write();
  }

  /** @param {{typed?: boolean}} [options] */
  #read({ typed = false } = {}) {
    const query = new URLSearchParams(location.search);
    // what was typed before this script came stays
    this.#search.value = query.get("q") ?? (typed ? this.#search.value : "");
    this.#status.value = query.get("status") ?? "";
    this.#sort.value = query.get("sort") ?? "created";
    if (this.#status.selectedIndex < 0) this.#status.value = "";
    if (this.#sort.selectedIndex < 0) this.#sort.value = "created";
  }

  #write() {
    const { q, status, sort } = this.value;
    const query = new URLSearchParams();
    if (q) query.set("q", q);
    if (status) query.set("status", status);
    if (sort !== "created") query.set("sort", sort);
    const search = query.toString();
    history.replaceState(null, "", search ? `/?${search}` : "/");
  }
}
