/** How a chart is drawn: what uPlot is told, in the page's own colours and letters. */

import uPlot from "../../vendor/uplot-1.6.32/uPlot.esm.js";
import { colour, wash } from "./theme.js";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {"bars" | "line" | "area" | "step" | "marks"} kind  marks: a short stroke where a bar would end
 * @property {string} colour                   custom property
 * @property {(number | null)[]} values
 * @property {(value: number | null) => string} words
 * @property {boolean} [faint]                 in the background: it is compared with
 * @property {boolean} [joined]                a point without a value is no gap
 *
 * @typedef {object} Axis
 * @property {string} name                     heading of the table's first column
 * @property {(value: number) => string} words  in full
 * @property {(value: number) => string} short  under the axis
 * @property {(most: number) => number[]} ticks  so many at most
 * @property {[number, number]} range
 *
 * @typedef {object} Picture
 * @property {string} label                    what it shows
 * @property {number} height                   pixels
 * @property {number[]} xs
 * @property {Axis} x
 * @property {Line[]} lines
 * @property {(value: number) => string} words  beside the y axis
 * @property {number[]} steps                  sizes that the y axis may go in
 * @property {number} [least]                  what the y axis shows at least
 * @property {boolean} [log]                   y in ratios: twice as much is as far everywhere
 * @property {number} [top]                    its end, where there is a natural one
 * @property {boolean} [close]                 the y axis begins near the lowest value
 * @property {number} [edge]                   pixels left of the picture, for pictures below each other
 * @property {boolean} [bare]                  no words under the x axis: those of the picture below hold
 * @property {{names: string[], cells: (index: number) => string[]}} [table]  what the table says in the lines' place
 * @property {(u: uPlot) => void} [under]      drawn below the lines
 * @property {(u: uPlot) => void} [over]       drawn above them
 * @property {(index: number) => string} [say]  a point in words; with it, values are read elsewhere than at the cursor
 * @property {(from: number, to: number) => void} [selected]  a part of the x axis was drawn over
 */

const NARROW_PX = 480;
const TICK_PX = 76;
const ROUND = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].flatMap((power) => [power, 2.5 * power, 5 * power]);
const MOST_RATIOS = 5;
/** A shorter stroke of the mouse is a click. */
const LEAST_PX = 8;

const bars = uPlot.paths.bars?.({ size: [0.62, 72], radius: 0.08 });
const stepped = uPlot.paths.stepped?.({ align: 1 });

/** @type {uPlot.Series.PathBuilder} */
function marks(u, index, first, last) {
  const stroke = new Path2D();
  const [xs = [], ys = []] = [u.data[0], u.data[index]];
  const width = Math.abs(u.valToPos(1, "x", true) - u.valToPos(0, "x", true));
  const half = Math.min(0.4 * width, 46 * devicePixelRatio);
  for (let at = first; at <= last; at += 1) {
    const value = ys[at];
    if (!value) continue; // none is no mark on the axis
    const [x, y] = [u.valToPos(Number(xs[at]), "x", true), u.valToPos(value, "y", true)];
    stroke.moveTo(x - half, y);
    stroke.lineTo(x + half, y);
  }
  return { stroke, fill: null, clip: null, flags: 0 };
}

/**
 * @param {Line} line
 * @param {number} points
 * @returns {uPlot.Series}
 */
function series({ label, kind, colour: name, faint = false, joined = false }, points) {
  const stroke = () => colour(name);
  const lone = { show: kind === "line" && !faint && points <= 60, size: 6, fill: stroke, stroke };
  const common = { label, stroke, points: lone, spanGaps: joined };
  if (kind === "bars")
    return { ...common, width: 0, fill: () => (faint ? wash(name, 0.25) : colour(name)), paths: bars };
  if (kind === "marks") return { ...common, width: 1.5, dash: [3, 3], paths: marks };
  if (kind === "step") return { ...common, width: 1.75, paths: stepped };
  const fill = () => wash(name, 0.16);
  return {
    ...common,
    width: faint ? 1.25 : 2,
    ...(faint ? { dash: [3, 4] } : {}),
    ...(kind === "area" ? { fill } : {}),
  };
}

/**
 * @param {Picture} picture
 * @returns {[number, number]}
 */
function extent({ lines, top, least = 0, close = false }) {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
  if (close && top !== undefined && values.length) {
    // a tenth of the scale below the worst, on a tenth
    return [Math.max(0, (Math.floor((10 * Math.min(...values)) / top - 0.5) * top) / 10), top];
  }
  const low = Math.min(0, ...values);
  const high = top ?? (Math.max(least, 1.12 * Math.max(0, ...values)) || 1);
  return [low < 0 ? 1.12 * low : 0, high];
}

/**
 * @param {Picture} picture
 * @returns {[number, number]}
 */
function ratios({ lines }) {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null && value > 0);
  return values.length ? [0.6 * Math.min(...values.map(Number)), 1.5 * Math.max(...values.map(Number))] : [1, 10];
}

/**
 * @param {Picture} picture
 * @param {number} width  pixels
 * @param {uPlot.Hooks.Arrays["setCursor"]} moved
 * @returns {uPlot.Options}
 */
export function options(picture, width, moved) {
  const { x, lines, steps, words, xs, under, over, selected } = picture;
  const family = getComputedStyle(document.body).fontFamily;
  const font = `${width < NARROW_PX ? 11 : 12}px ${family}`;
  const soft = () => colour("--ink-soft");
  const plain = { font, stroke: soft, ticks: { show: false } };
  const most = Math.max(2, Math.floor((width - 60) / TICK_PX));
  const range = picture.log ? ratios(picture) : extent(picture);
  const marks = ROUND.filter((value) => value >= range[0] && value <= range[1]);
  const logSplits = marks.filter(
    (_, index) => (marks.length - 1 - index) % Math.ceil(marks.length / MOST_RATIOS) === 0,
  );
  return {
    width,
    height: picture.height,
    padding: [10, width < NARROW_PX ? 16 : 24, 0, 0],
    legend: { show: false },
    scales: { x: { time: false, range: x.range }, y: picture.log ? { distr: 3, range } : { range } },
    cursor: {
      x: !lines.some((line) => line.kind === "bars"),
      y: false,
      drag: { x: picture.selected !== undefined, y: false, setScale: false },
      points: {
        size: 9,
        width: 2,
        fill: () => colour("--surface"),
        stroke: (_u, index) => colour(lines[index - 1]?.colour ?? "--river"),
      },
    },
    axes: [
      {
        ...plain,
        gap: 8,
        size: picture.bare ? 10 : 32,
        grid: { show: false },
        border: { show: true, width: 1, stroke: () => colour("--line") },
        splits: () => x.ticks(most),
        values: (_u, splits) => splits.map((at) => (picture.bare ? "" : x.short(at))),
      },
      {
        ...plain,
        gap: 8,
        space: 44,
        ...(picture.log ? { splits: () => logSplits, filter: (_u, splits) => splits } : { incrs: steps }),
        size: (_u, values) => picture.edge ?? 18 + Math.max(0, ...(values ?? []).map((value) => 6.6 * value.length)),
        grid: { width: 1, stroke: () => colour("--line") },
        values: (_u, splits) => splits.map(words),
      },
    ],
    series: [{}, ...lines.map((line) => series(line, xs.length))],
    hooks: {
      setCursor: moved,
      ...(under ? { drawAxes: [under] } : {}),
      ...(over ? { draw: [over] } : {}),
      ...(selected ? { setSelect: [(u) => pick(u, selected)] } : {}),
    },
  };
}

/**
 * @param {uPlot} u
 * @param {(from: number, to: number) => void} selected
 */
function pick(u, selected) {
  const { left, width } = u.select;
  if (width < LEAST_PX) return;
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  selected(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
}

/**
 * Numbers to mark on an axis that has one place for each of `length` things.
 *
 * @param {number} length
 * @param {number} most  so many marks at most
 */
export function spread(length, most) {
  const step = [1, 2, 3, 4, 7, 14, 28, 56].find((size) => length / size <= most) ?? Math.ceil(length / most);
  // the newest is always marked
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => length - 1 - index * step).toReversed();
}

/**
 * Round numbers of seconds to mark on a clock.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} most
 */
export function ticking(from, to, most) {
  const sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
  const step = sizes.find((size) => (to - from) / size <= most) ?? (to - from) / most;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}
