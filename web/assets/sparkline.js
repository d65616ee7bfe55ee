/** A line of the last minute, drawn as SVG without a library. */

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 40;

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function svg(tag, attributes) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export class Sparkline {
  /** @type {number[]} */
  #values = [];
  #line = svg("polyline", { class: "spark__line", "vector-effect": "non-scaling-stroke" });
  #area = svg("polygon", { class: "spark__area" });
  #now = svg("line", { class: "spark__now", "vector-effect": "non-scaling-stroke" }); // a dot that keeps its shape

  /**
   * @param {string} kind    modifier of its class
   * @param {number} length  values it holds
   */
  constructor(kind, length) {
    this.length = length;
    // what it draws is said in words beside it
    this.element = svg("svg", { class: `spark spark--${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.append(this.#area, this.#line, this.#now);
  }

  /** @param {number} value */
  push(value) {
    this.#values.push(Math.max(0, value));
    if (this.#values.length > this.length) this.#values.shift();
  }

  /** The newest value is at the right; the scale is the largest one seen. */
  draw() {
    const most = Math.max(...this.#values, 1e-9);
    const step = WIDTH / (this.length - 1);
    const left = WIDTH - step * (this.#values.length - 1);
    const points = this.#values.map((value, index) => {
      const y = HEIGHT - 3 - (value / most) * (HEIGHT - 6);
      return [left + index * step, y].map((at) => at.toFixed(1)).join();
    });
    this.#line.setAttribute("points", points.join(" "));
    this.#area.setAttribute("points", [`${left.toFixed(1)},${HEIGHT}`, ...points, `${WIDTH},${HEIGHT}`].join(" "));
    const last = (points.at(-1) ?? "0,0").split(",");
    for (const end of ["1", "2"]) {
      this.#now.setAttribute(`x${end}`, String(last[0]));
      this.#now.setAttribute(`y${end}`, String(last[1]));
    }
  }
}
