/** Which recordings to watch together: those of a room, or the newest of one's own. */

import * as api from "../api.js";
import { STATUS_WORDS } from "../details.js";
import { h, setText } from "../dom.js";
import { clock, when } from "../format.js";
import { MOST } from "./query.js";

/** @typedef {import("../types.js").Recording} Recording */

const LEAST = 2;
const PAGE = "100";
/** What can be played, or will be. */
const SHOWN = new Set(["waiting", "live", "processing", "playable", "ready"]);

/**
 * @param {string | null} room
 * @returns {Promise<Recording[]>} newest first
 */
async function candidates(room) {
  const answer = await api.call("GET", api.address("/recordings", { limit: PAGE, room_id: room }));
  /** @type {import("../types.js").RecordingPage} */
  const page = await answer.json();
  return page.recordings.filter(({ status }) => SHOWN.has(status));
}

/** @param {string | null} room */
function nothing(room) {
  const words = room
    ? "Recordings and streams that are given this room appear here, to be watched side by side."
    : "Two recordings or streams are needed. Those of one room, a camera and a screen say, play in step.";
  return h(
    "div",
    { class: "empty" },
    h("h2", { class: "empty__title" }, room ? "Nothing in this room yet" : "Not enough to watch together"),
    h("p", { class: "empty__text" }, words),
    h("p", {}, h("a", { class: "button", href: "/" }, "To your recordings")),
  );
}

/**
 * @param {string | null} room
 * @param {string | null} why   said above the list
 * @returns {Promise<HTMLElement>}
 */
export async function chooser(room, why) {
  const found = await candidates(room);
  const head = [
    h("h1", { class: "page-title" }, room ? `Room ${room}` : "Watch together"),
    why ? h("p", { class: "form__message", role: "alert" }, why) : null,
  ];
  if (found.length < LEAST) return h("div", { class: "together__choose" }, ...head, nothing(room));
  const boxes = found.map((recording, n) => box(recording, room !== null && n < MOST));
  const count = h("span", { class: "together__count", role: "status" });
  const go = /** @type {HTMLButtonElement} */ (h("button", { class: "button button--primary", type: "submit" }, "Watch together"));
  const chosen = () => boxes.filter(({ input }) => input.checked).map(({ input }) => input.value);
  const update = () => {
    const { length } = chosen();
    go.disabled = length < LEAST;
    for (const { input } of boxes) input.disabled = !input.checked && length >= MOST;
    setText(count, length < LEAST ? `Choose ${LEAST} to ${MOST}.` : `${length} chosen${length === MOST ? ", which is the most" : ""}.`);
  };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    location.assign(`/together?${new URLSearchParams({ recordings: chosen().join(",") })}`);
  };
  update();
  return h(
    "div",
    { class: "together__choose" },
    ...head,
    h("p", { class: "together__hint" }, "Streams, and recordings of streams, are held together by the time of day; all others begin together."),
    h(
      "form",
      { onsubmit: submit, onchange: update },
      h("ul", { class: "together__list" }, ...boxes.map(({ item }) => item)),
      h("p", { class: "together__go" }, go, count),
    ),
  );
}

/**
 * @param {Recording} recording
 * @param {boolean} checked
 */
function box({ id, title, filename, status, duration_s: duration, created_at: created }, checked) {
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", value: id, checked }));
  const facts = [duration ? clock(duration) : "", when(created)].filter(Boolean).join(" · ");
  const item = h(
    "li",
    {},
    h(
      "label",
      { class: "together__option" },
      input,
      h("span", { class: "together__option-title" }, title || filename),
      h("span", { class: "together__option-facts" }, facts),
      h("span", { class: "badge", "data-status": status }, STATUS_WORDS[status] ?? status),
    ),
  );
  return { item, input };
}
