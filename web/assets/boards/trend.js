/** A small line without axes beside a number; what it shows is in the table it stands in. */

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 96;
const HEIGHT = 24;
const EDGE = 3;

/**
 * @param {(number | null)[]} values  null leaves a hole
 */
export function trend(values) {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  const y = (/** @type {number} */ value) =>
    high === low ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  let path = "";
  let pen = "M";
  let last = [0, 0];
  for (const [index, value] of values.entries()) {
    if (value === null) {
      pen = "M";
      continue;
    }
    last = [EDGE + index * step, y(value)];
    path += `${pen}${last.map((at) => at.toFixed(1)).join(" ")}`;
    if (pen === "M") path += "h.01"; // one day between two without any is a dot
    pen = "L";
  }
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "board__trend");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("aria-hidden", "true");
  if (!known.length) return svg;
  const line = document.createElementNS(NS, "path");
  line.setAttribute("d", path);
  const dot = document.createElementNS(NS, "circle");
  for (const [name, value] of Object.entries({ cx: last[0], cy: last[1], r: 2.25 }))
    dot.setAttribute(name, String(value));
  svg.append(line, dot);
  return svg;
}
