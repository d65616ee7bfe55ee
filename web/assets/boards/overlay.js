/** What is drawn on a session's picture beside its lines: where it stood still, switches and jumps. */

import { h } from "../dom.js";
import { colour, wash } from "./theme.js";

/** @typedef {import("../../vendor/uplot-1.6.32/uPlot.esm.js").default} uPlot */
/** @typedef {import("./moments.js").Band} Band */

const MARKS = { stall: "Stood still", pause: "Paused", switch: "Switch on screen", seek: "Jump" };
const TRIANGLE_PX = 4.5;
const DASH_PX = 3;
const EDGE_PX = 2;

/**
 * Keep what is drawn within the picture.
 *
 * @param {uPlot} u
 * @param {(ctx: CanvasRenderingContext2D) => void} draw
 */
function within({ ctx, bbox }, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/**
 * @param {uPlot} u
 * @param {Band[]} bands
 */
export function drawBands(u, bands) {
  const { top, height } = u.bbox;
  const edge = EDGE_PX * devicePixelRatio;
  within(u, (ctx) => {
    for (const { kind, from, to } of bands) {
      const left = u.valToPos(from, "x", true);
      const width = Math.max(edge, u.valToPos(to, "x", true) - left);
      ctx.fillStyle = kind === "stall" ? wash("--ember", 0.22) : wash("--ink-soft", 0.1);
      ctx.fillRect(left, top, width, height);
      ctx.fillStyle = kind === "stall" ? colour("--ember") : colour("--line");
      ctx.fillRect(left, top, width, edge);
    }
  });
}

/**
 * @param {uPlot} u
 * @param {{xs: number[], moments: import("./shapes.js").Moment[]}} points
 */
export function drawMarks(u, { xs, moments }) {
  let shown = moments.find((moment) => moment.kind === "segment")?.kbps ?? 0;
  within(u, (ctx) => {
    for (const [index, moment] of moments.entries()) {
      const x = u.valToPos(xs[index] ?? 0, "x", true);
      if (moment.kind === "seek") jump(ctx, x, u.bbox);
      if (moment.kind === "switch" && moment.kbps !== undefined) {
        triangle(ctx, x, u.valToPos(moment.kbps, "y", true), moment.kbps >= shown);
        shown = moment.kbps;
      }
    }
  });
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {boolean} up
 */
function triangle(ctx, x, y, up) {
  const size = TRIANGLE_PX * devicePixelRatio;
  const way = up ? -1 : 1;
  ctx.fillStyle = colour(up ? "--river" : "--ember");
  ctx.beginPath();
  ctx.moveTo(x - size, y - way * size * 0.2);
  ctx.lineTo(x + size, y - way * size * 0.2);
  ctx.lineTo(x, y + way * size * 1.6);
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {{top: number, height: number}} box
 */
function jump(ctx, x, { top, height }) {
  ctx.strokeStyle = colour("--ink-soft");
  ctx.setLineDash([DASH_PX * devicePixelRatio, DASH_PX * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** What these marks mean, as lines of a key. */
export const marks = () =>
  Object.entries(MARKS).map(([kind, label]) =>
    h("li", {}, h("span", { class: `board__mark board__mark--${kind}`, "aria-hidden": "true" }), label),
  );
