/** The page's colours for a canvas, and word when they change. */

const dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @param {string} name  of a custom property
 * @returns {string}
 */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A colour that lets the paper through.
 *
 * @param {string} name
 * @param {number} part  0..1
 */
export function wash(name, part) {
  const value = colour(name);
  if (!/^#[0-9a-f]{6}$/i.test(value)) return value;
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16));
  return `rgb(${red} ${green} ${blue} / ${part})`;
}

/**
 * Call back when the system's theme or the reader's choice changes.
 *
 * @param {() => void} changed
 * @returns {() => void} stops it
 */
export function onTheme(changed) {
  const watch = new MutationObserver(changed);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  dark.addEventListener("change", changed);
  return () => {
    watch.disconnect();
    dark.removeEventListener("change", changed);
  };
}
