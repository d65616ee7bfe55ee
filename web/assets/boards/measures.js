/** What can be drawn over days, and how it compares with the time before. Pure. */

import { count, day, decimal, delay, mean, rate, score, share, span } from "./words.js";

/** @typedef {import("./shapes.js").Measures} Measures */
/** @typedef {import("./shapes.js").Day} Day */

/**
 * @typedef {object} Measure
 * @property {string} key
 * @property {string} label
 * @property {string} about         what it is, in a sentence
 * @property {"bars" | "line"} kind  bars for what adds up, a line for what does not
 * @property {"more" | "less"} better
 * @property {(measures: Measures) => number | null} of
 * @property {(value: number | null) => string} words
 * @property {number[]} steps        sizes that the axis may go in
 * @property {number} [top]          the axis' end, where there is a natural one
 * @property {number} [least]        what the axis shows at least
 * @property {"sum" | "mean" | "most"} [across]  how days make up a period that was given no number of its own
 */

const decades = (/** @type {number[]} */ steps, /** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from }, (_, index) => steps.map((step) => step * 10 ** (from + index))).flat();
const WHOLE = decades([1, 2, 5], 0, 9);
const TIMES = [1, 5, 10, 30, 60, 300, 600, 1200, 1800, ...decades([3600, 7200, 18000], 0, 6)];
const PARTS = decades([1, 2, 5], -4, 0).filter((step) => step <= 0.5);
const FINE = decades([1, 2, 5], -2, 4);
const DELAYS = decades([1, 2, 5], 1, 6);

/** @type {Measure[]} */
export const AUDIENCE = [
  {
    key: "watch",
    label: "Watch time",
    about: "Time that was really played; pauses and stalls are left out.",
    kind: "bars",
    better: "more",
    of: (m) => m.watch_s,
    words: span,
    steps: TIMES,
    across: "sum",
  },
  {
    key: "views",
    label: "Views",
    about: "Sessions that showed a first picture.",
    kind: "bars",
    better: "more",
    of: (m) => m.views,
    words: count,
    steps: WHOLE,
    least: 1,
    across: "sum",
  },
  {
    key: "viewers",
    label: "Viewers a day",
    about: "Different people or browsers, counted once a day.",
    kind: "bars",
    better: "more",
    of: (m) => m.viewers,
    words: mean,
    steps: WHOLE,
    least: 1,
    across: "mean",
  },
  {
    key: "peak",
    label: "Most at once",
    about: "Viewers at the same time, in the busiest five minutes.",
    kind: "line",
    better: "more",
    of: (m) => m.peak_viewers,
    words: mean,
    steps: WHOLE,
    least: 1,
    across: "most",
  },
];

/** @type {Measure[]} */
export const QUALITY = [
  {
    key: "good",
    label: "Went well",
    about:
      "Sessions of 10 s and more that started within 4 s, stood still for at most 1 % of the time and had a good picture.",
    kind: "line",
    better: "more",
    of: (m) => m.good_share,
    words: share,
    steps: PARTS,
    top: 1,
  },
  {
    key: "qoe",
    label: "QoE score",
    about: "Mbit/s of the picture less what start-up, stalls and switches cost: 1 is a steady 1 Mbit/s without a wait.",
    kind: "line",
    better: "more",
    of: (m) => m.qoe,
    words: score,
    steps: FINE,
  },
  {
    key: "start",
    label: "Start-up, typical",
    about: "Half of all views showed the first picture within this time.",
    kind: "line",
    better: "less",
    of: (m) => m.startup_p50_ms,
    words: delay,
    steps: DELAYS,
  },
  {
    key: "slow-start",
    label: "Start-up, slowest 5\u00a0%",
    about: "One view in twenty waited longer than this for the first picture.",
    kind: "line",
    better: "less",
    of: (m) => m.startup_p95_ms,
    words: delay,
    steps: DELAYS,
  },
  {
    key: "rebuffering",
    label: "Rebuffering",
    about: "Part of the time that the picture stood still for want of data.",
    kind: "line",
    better: "less",
    of: (m) => m.rebuffer_ratio,
    words: share,
    steps: PARTS,
  },
  {
    key: "stalls",
    label: "Stalls an hour",
    about: "How often the picture stood still in an hour of watching.",
    kind: "line",
    better: "less",
    of: (m) => m.stalls_per_hour,
    words: decimal,
    steps: FINE,
  },
  {
    key: "bitrate",
    label: "Bitrate",
    about: "Mean of what was fetched, weighted by time.",
    kind: "line",
    better: "more",
    of: (m) => m.mean_kbps,
    words: rate,
    steps: DELAYS,
  },
  {
    key: "failures",
    label: "Failures",
    about: "Sessions that an error ended.",
    kind: "line",
    better: "less",
    of: (m) => m.failure_rate,
    words: share,
    steps: PARTS,
  },
  {
    key: "exits",
    label: "Left before the start",
    about: "Sessions that were closed before the first picture.",
    kind: "line",
    better: "less",
    of: (m) => m.exit_rate,
    words: share,
    steps: PARTS,
  },
  {
    key: "latency",
    label: "Behind the camera",
    about: "Of live streams: from the camera to the viewer's screen.",
    kind: "line",
    better: "less",
    of: (m) => m.latency_ms,
    words: delay,
    steps: DELAYS,
  },
];

/**
 * A period's number: the server's, or what its days come to where it gives none.
 *
 * @param {Measure} measure
 * @param {Measures} totals
 * @param {Day[]} days
 */
export function overall(measure, totals, days) {
  if (measure.across === "mean") return averaged(days.map(measure.of));
  const told = measure.of(totals);
  if (told !== null || measure.across !== "most") return told;
  const known = days.map(measure.of).filter((value) => value !== null);
  return known.length ? Math.max(...known) : null;
}

/** @param {(number | null)[]} values */
function averaged(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/**
 * How now compares with before: in words, and whether that is good news.
 *
 * @param {Measure} measure
 * @param {number | null} now
 * @param {number | null} before
 * @returns {{words: string, news: "good" | "bad" | "none"}}
 */
export function change(measure, now, before) {
  if (now === null) return { words: before === null ? "" : `was ${measure.words(before)}`, news: "none" };
  if (before === null) return { words: "none before", news: "none" };
  if (measure.words(now) === measure.words(before)) return { words: "as before", news: "none" };
  const news = now > before === (measure.better === "more") ? "good" : "bad";
  const was = `was ${measure.words(before)}`;
  if (before === 0 && measure.across) return { words: "none before", news: "none" };
  if (measure.kind === "line") return { words: was, news };
  const part = now / before - 1;
  if (Math.abs(part) < 0.005) return { words: "as before", news: "none" };
  if (part >= 2) return { words: `${(now / before).toFixed(1)} times as much`, news };
  return { words: `${Math.round(100 * Math.abs(part))} % ${part > 0 ? "more" : "less"}`, news };
}

/**
 * The highest and the lowest day, in a sentence.
 *
 * @param {Measure} measure
 * @param {Day[]} days
 */
export function finding(measure, days) {
  const known = days.flatMap((one) => {
    const value = measure.of(one);
    return value === null || (value === 0 && measure.kind === "bars") ? [] : [{ day: one.day, value }];
  });
  if (!known.length) return days.length > 1 ? "Nothing to show on these days." : "";
  const sorted = known.toSorted((one, other) => one.value - other.value);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (!low || !high || days.length === 1) return "";
  if (known.length === 1 && measure.kind === "bars") return `All of it on ${day(high.day)}.`;
  const said = (/** @type {{day: string, value: number}} */ one) => `${measure.words(one.value)} on ${day(one.day)}`;
  if (measure.kind === "bars") return `The most, ${said(high)}.`;
  if (known.length === 1) return `${measure.words(high.value)} on ${day(high.day)}, the only day with any.`;
  if (measure.words(low.value) === measure.words(high.value)) return `${measure.words(low.value)} on every day.`;
  const [best, worst] = measure.better === "more" ? [high, low] : [low, high];
  return measure.key === "peak" ? `The most, ${said(high)}.` : `Best ${said(best)}, worst ${said(worst)}.`;
}
