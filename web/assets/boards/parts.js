/** What boards are put together from: sections, what stands in for them, and tables. */

import { ApiError } from "../api.js";
import { h } from "../dom.js";
import { toast } from "../toast.js";
import { Chart } from "./chart.js";

let numbers = 0;

/**
 * @param {string} title
 * @param {object} [options]
 * @param {string} [options.text]          in plain words, under the title
 * @param {(Node | null)[]} [options.tools]  at the right end of the title
 * @param {...(Node | null)} children
 */
export function section(title, { text = "", tools = [] } = {}, ...children) {
  const id = `part-${(numbers += 1)}`;
  return h(
    "section",
    { class: "board__section", "aria-labelledby": id },
    h(
      "div",
      { class: "board__head" },
      h("h2", { class: "board__title", id }, title),
      h("div", { class: "board__tools" }, ...tools.filter((tool) => tool !== null)),
    ),
    text ? h("p", { class: "board__finding" }, text) : null,
    ...children,
  );
}

/**
 * What will be here, and how to get it.
 *
 * @param {string} text
 * @param {...(Node | null)} children  buttons
 */
export const empty = (text, ...children) => h("div", { class: "board__empty" }, h("p", {}, text), ...children);

/**
 * A whole board that has nothing, or nothing yet.
 *
 * @param {string} title
 * @param {string} text
 * @param {...(Node | null)} children
 */
export const message = (title, text, ...children) =>
  h("div", { class: "board__message" }, h("h2", {}, title), h("p", {}, text), ...children);

/**
 * @param {string} href
 * @param {string} words
 * @param {string} [kind]  "primary"
 */
export const button = (href, words, kind = "") => h("a", { class: `button${kind && ` button--${kind}`}`, href }, words);

/**
 * What went wrong, and the way on.
 *
 * @param {unknown} error
 * @param {() => void} again
 */
export function failure(error, again) {
  if (!(error instanceof ApiError)) throw error;
  const missing = error.status === 404;
  return h(
    "div",
    { class: "board__message", role: "alert" },
    h("h2", {}, missing ? "There is nothing to see here" : "The numbers could not be loaded"),
    h(
      "p",
      {},
      missing ? "It does not exist, or it is not yours. Analytics are for whoever owns the recording." : error.message,
    ),
    h("p", { class: "board__code" }, h("code", {}, error.code)),
    missing
      ? button("/analytics", "To your analytics")
      : h("button", { class: "button", type: "button", onclick: again }, "Try again"),
  );
}

/**
 * Room for what is on its way, of the height that it will have.
 *
 * @param {string[]} parts  kinds of blocks, in their order
 */
export const skeleton = (parts) =>
  h(
    "div",
    { class: "board__skeleton", role: "status" },
    h("span", { class: "visually-hidden" }, "Loading"),
    ...parts.map((part) => h("div", { class: `board__ghost board__ghost--${part}` })),
  );

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {boolean} [number]  aligned to the right
 * @property {boolean} [wide]    takes a line of its own on a phone
 */

/**
 * A table that becomes a list on a phone, each cell with its column's name.
 *
 * @param {string} caption
 * @param {Column[]} columns
 * @param {(Node | string)[][]} rows
 */
export function table(caption, columns, rows) {
  const head = columns.map(({ name, number = false }) =>
    h("th", { scope: "col", role: "columnheader", class: number ? "board__number" : null }, name),
  );
  const body = h("tbody", { role: "rowgroup" }, ...rows.map((row) => tableRow(columns, row)));
  return listTable(caption, head, body);
}

/**
 * The roles are said because a table that is laid out as a list on a phone would lose them.
 *
 * @param {string} caption
 * @param {HTMLElement[]} heads
 * @param {HTMLElement} body
 */
export const listTable = (caption, heads, body) =>
  h(
    "table",
    { class: "board__table board__table--list", role: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads)),
    body,
  );

/**
 * @param {Column[]} columns
 * @param {(Node | string)[]} cells
 */
export function tableRow(columns, cells) {
  const made = cells.map((cell, index) => {
    const { name = "", number = false, wide = false } = columns[index] ?? {};
    const kind = [number && "board__number", wide && "board__wide"].filter(Boolean).join(" ");
    const properties = { "data-name": name, class: kind || null };
    return index
      ? h("td", { ...properties, role: "cell" }, cell)
      : h("th", { ...properties, role: "rowheader", scope: "row" }, cell);
  });
  return h("tr", { role: "row" }, ...made);
}

/**
 * The button below a list for what comes next in it.
 *
 * @param {string | null} first                                     cursor after what is shown, null when that is all
 * @param {(cursor: string | null) => Promise<string | null>} load  shows what comes next, gives the cursor after it
 */
export function more(first, load) {
  let cursor = first;
  const next = async () => {
    element.toggleAttribute("disabled", true);
    try {
      cursor = await load(cursor);
      element.hidden = cursor === null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { kind: "trouble" });
    } finally {
      element.toggleAttribute("disabled", false);
    }
  };
  const element = h("button", { class: "button board__more", type: "button", onclick: () => void next() }, "Show more");
  element.hidden = cursor === null;
  return element;
}

/**
 * A part of a whole, as a thin bar behind its words.
 *
 * @param {number | null} part  0..1
 * @param {string} words
 * @param {string} [kind]
 */
export function bar(part, words, kind = "") {
  const fill = h("span", { class: "board__bar-fill" });
  fill.style.inlineSize = `${100 * Math.min(1, Math.max(0, part ?? 0))}%`;
  return h(
    "span",
    { class: `board__bar${kind && ` board__bar--${kind}`}` },
    h("span", { class: "board__bar-words" }, words),
    h("span", { class: "board__bar-track", "aria-hidden": "true" }, fill),
  );
}

/** Charts of the board on the page; another board ends them. @type {Set<Chart>} */
const charts = new Set();

/** @returns {Chart} */
export function chart() {
  const made = new Chart();
  charts.add(made);
  return made;
}

/**
 * End all charts but those of the board that comes.
 *
 * @param {Node[]} kept
 */
export function clearCharts(kept) {
  for (const one of charts) {
    if (kept.some((node) => node.contains(one.element))) continue;
    one.destroy();
    charts.delete(one);
  }
}
