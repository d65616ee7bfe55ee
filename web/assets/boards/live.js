/** What is on the air now, asked for again every few seconds. */

import { ApiError } from "../api.js";
import { h, setText } from "../dom.js";
import { Sparkline } from "../sparkline.js";
import * as data from "./data.js";
import { button, message, section } from "./parts.js";
import { path } from "./route.js";
import { count, delay, plural, rate, span } from "./words.js";

/** @typedef {import("./shapes.js").OnAir} OnAir */

const EVERY_MS = 5000;
/** Values of a row's line: ten minutes. */
const KEPT = 120;
/** @type {Record<string, string>} */
const STATES = {
  active: "on the air",
  paused: "nothing arrives",
};

/** @returns {Promise<import("./boards.js").Board>} */
export async function liveBoard() {
  const rows = new Map();
  const said = h("span", { role: "status" });
  const list = h("ol", { class: "board__streams" });
  const nothing = message(
    "Nothing is live",
    "Streams appear here while they are on the air, with who is watching, how far behind the camera they are and what the encoder sends.",
    h("div", { class: "board__buttons" }, button("/studio", "Go live", "primary")),
  );
  const part = section("On the air", {}, list);
  const draw = (/** @type {OnAir[]} */ items) => {
    for (const item of items) {
      let row = rows.get(item.recording_id);
      if (!row) rows.set(item.recording_id, (row = new Row(item)));
      row.update(item);
    }
    for (const id of rows.keys()) if (!items.some((item) => item.recording_id === id)) rows.delete(id);
    const wanted = items.map((item) => rows.get(item.recording_id).element);
    if (wanted.some((element, index) => list.children[index] !== element) || wanted.length !== list.children.length) {
      list.replaceChildren(...wanted);
    }
    nothing.hidden = items.length > 0;
    part.hidden = items.length === 0;
    const viewers = items.reduce((sum, item) => sum + item.viewers, 0);
    setText(
      said,
      items.length ? `${plural(items.length, "stream")}, ${plural(viewers, "viewer")}` : "Nothing on the air",
    );
  };
  draw((await data.live()).items);
  const stop = poll(draw, (words) => setText(said, words));
  return { title: "Live now", facts: [said, "Asked for every 5 seconds"], body: [part, nothing], ended: stop };
}

/**
 * @param {(items: OnAir[]) => void} draw
 * @param {(words: string) => void} say
 * @returns {() => void} stops it
 */
function poll(draw, say) {
  let over = false;
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const { items } = await data.live();
      if (!over) draw(items);
    } catch (error) {
      if (error instanceof ApiError) say(`${error.message} Trying again.`);
      else throw error;
    }
  }, EVERY_MS);
  return () => {
    over = true;
    clearInterval(timer);
  };
}

/** One stream's line. */
class Row {
  #line = new Sparkline("viewers", KEPT);
  #viewers = h("b", { class: "board__stream-viewers" });
  #values = ["Most at once", "On the air for", "Behind the camera", "From the encoder"].map((name) => ({
    name,
    value: h("dd", {}),
  }));

  /** @param {OnAir} item */
  constructor({ recording_id: id, title, room_id: room }) {
    this.element = h(
      "li",
      { class: "board__stream" },
      h(
        "div",
        { class: "board__stream-name" },
        h("a", { class: "board__row-link", href: path({ board: "recording", recording: id }) }, title || id),
        h("a", { class: "board__stream-watch", href: `/watch/${encodeURIComponent(id)}` }, "Watch"),
        room ? h("a", { class: "board__stream-watch", href: path({ board: "room", room }) }, `Room ${room}`) : null,
      ),
      h("p", { class: "board__stream-now" }, this.#viewers, " watching"),
      h("div", { class: "board__stream-line", "aria-hidden": "true" }, this.#line.element),
      h(
        "dl",
        { class: "board__stream-facts" },
        ...this.#values.map(({ name, value }) => h("div", {}, h("dt", {}, name), value)),
      ),
    );
  }

  /** @param {OnAir} item */
  update({ viewers, peak, started_at: began, latency_ms: latency, ingest }) {
    setText(this.#viewers, count(viewers));
    const sent = ingest?.bitrate_kbps ? rate(ingest.bitrate_kbps) : "";
    const late = ingest?.lag_s ? `${delay(1000 * ingest.lag_s)} late` : "";
    const state = ingest ? (STATES[ingest.status] ?? ingest.status) : "";
    const words = [
      count(peak),
      began ? span((Date.now() - Date.parse(began)) / 1000) : "–",
      delay(latency),
      [sent, late, state].filter(Boolean).join(", ") || "–",
    ];
    for (const [index, { value }] of this.#values.entries()) setText(value, words[index] ?? "");
    this.#line.push(viewers);
    this.#line.draw();
  }
}
