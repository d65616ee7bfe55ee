/** How far people watched: a curve over the recording, with the picture of the moment pointed at. */

import { masterUrl, progress, renewMediaCookies } from "../api.js";
import { h } from "../dom.js";
import { clock } from "../format.js";
import { parseTrack } from "../stills.js";
import { ticking } from "./paint.js";
import { chart, empty, section } from "./parts.js";
import { share } from "./words.js";

/** @typedef {import("./shapes.js").RecordingReport} RecordingReport */
/** @typedef {ReturnType<typeof parseTrack>} Tiles */

const HALF = 0.5;
/** A fall within so many hundredths is one. */
const FALL_OVER = 3;
const STEEP = 0.1;
const MOST_SHOWN_PX = 192;

/** @param {RecordingReport} report */
export async function retention({ recording, retention: curve }) {
  const lengthS = recording.duration_s;
  if (recording.live || !curve?.length || !lengthS) {
    const words = recording.live
      ? "A live stream has no beginning and end to measure against. Once it is over and watched as a recording, the curve is here."
      : "Which parts were watched, and where people left, appears here after the first views.";
    return section("How far they watched", {}, empty(words));
  }
  const drawing = chart();
  const step = lengthS / curve.length;
  const xs = curve.map((_, index) => (index + 0.5) * step);
  drawing.draw({
    label: "Share of views that played each part of the recording",
    height: 240,
    xs,
    x: {
      name: "Part from",
      words: (at) => clock(at - step / 2),
      short: clock,
      ticks: (most) => ticking(0, lengthS, most),
      range: [0, lengthS],
    },
    lines: [{ label: "Views that played it", kind: "area", colour: "--river", values: curve, words: share }],
    words: share,
    steps: [0.1, 0.25, 0.5],
    top: Math.max(1, ...curve),
  });
  const still = h("div", { class: "board__still", "aria-hidden": "true", hidden: true });
  drawing.element.append(still);
  void tiles(recording.id).then((found) => hover(drawing, still, found, xs));
  return section("How far they watched", { text: sentence(curve, step), tools: [drawing.toggle] }, drawing.element);
}

/**
 * The median and the steepest fall.
 *
 * @param {number[]} curve
 * @param {number} step  seconds of one part
 */
function sentence(curve, step) {
  const gone = curve.findIndex((part) => part < HALF);
  const said =
    gone < 0
      ? "At least half of the views played every part of it."
      : `Up to ${clock(gone * step)} at least half of the views were there.`;
  let [fall, where] = [0, 0];
  for (let index = FALL_OVER; index < curve.length; index += 1) {
    const lost = (curve[index - FALL_OVER] ?? 0) - (curve[index] ?? 0);
    if (lost > fall) [fall, where] = [lost, index - FALL_OVER];
  }
  return fall < STEEP ? said : `${said} Most left around ${clock(where * step)}, ${share(fall)} of all.`;
}

/**
 * Thumbnails, where there are any: an extra, without which the curve says the same.
 *
 * @param {string} id
 * @returns {Promise<Tiles>}
 */
async function tiles(id) {
  try {
    const { storyboard_url: path } = await progress(id, null);
    if (!path) return [];
    await renewMediaCookies(masterUrl(id, null));
    const url = new URL(path, location.href).href;
    const response = await fetch(url);
    return response.ok ? parseTrack(await response.text(), url) : [];
  } catch {
    return [];
  }
}

/**
 * @param {import("./chart.js").Chart} drawing
 * @param {HTMLElement} still
 * @param {Tiles} found
 * @param {number[]} xs
 */
function hover(drawing, still, found, xs) {
  drawing.addEventListener("move", () => {
    const at = drawing.at === null ? undefined : xs[drawing.at];
    const tile = at === undefined ? undefined : found.find(({ start, end }) => at >= start && at < end);
    still.hidden = !tile || at === undefined;
    if (!tile || at === undefined) return;
    const [x = 0, y = 0, width = 0, height = 0] = tile.box;
    const scale = Math.min(1, MOST_SHOWN_PX / width);
    const room = drawing.element.clientWidth;
    const left = drawing.pointLeft(at) - (scale * width) / 2;
    Object.assign(still.style, {
      width: `${width}px`,
      height: `${height}px`,
      background: `url("${tile.image}") ${-x}px ${-y}px`,
      transform: `translateX(${Math.min(Math.max(0, left), room - scale * width)}px) scale(${scale})`,
    });
  });
}
