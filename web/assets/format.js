/** Numbers and times in plain words. */

/**
 * @param {number} seconds
 * @returns {string} 0:07, 12:30, 1:02:03
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * @param {number} kbps
 * @returns {string} 250 kbps, 4.0 Mbps
 */
export function bitrate(kbps) {
  return kbps < 1000 ? `${Math.round(kbps)} kbps` : `${(kbps / 1000).toFixed(1)} Mbps`;
}

/**
 * Rounded down, so that 100 % means done.
 *
 * @param {number} value  0..100
 */
export function percent(value) {
  return `${Math.floor(Math.min(100, Math.max(0, value)))} %`;
}

/**
 * No more exact than it is known.
 *
 * @param {number} seconds
 * @returns {string} a few seconds left, about 40 s left, about 3 min left, about 1 h 20 min left
 */
export function timeLeft(seconds) {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.round(seconds / 10) * 10} s left`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  const hours = Math.floor(minutes / 60);
  return hours ? `about ${hours} h ${minutes % 60} min left` : `about ${minutes} min left`;
}

/**
 * Cents, and two digits of what is less than one.
 *
 * @param {string} usd  decimal text
 * @returns {string} $0.50, $0.0031, less than $0.0001
 */
export function money(usd) {
  const amount = Number(usd);
  if (amount === 0 || amount >= 0.01) return `$${amount.toFixed(2)}`;
  if (amount < 0.0001) return "less than $0.0001";
  return `$${amount.toFixed(1 - Math.floor(Math.log10(amount)))}`;
}

/**
 * Time and money in a few words, as far as they are known.
 *
 * @param {import("./types.js").Progress} progress
 */
export function outlook({ eta_s: etaS, cost }) {
  const parts = [];
  if (etaS !== null && etaS !== undefined) parts.push(timeLeft(etaS));
  if (cost) parts.push(`${money(cost.usd)} so far`);
  return parts.join(" · ");
}

/** @param {import("./types.js").Rendition} rendition */
export function rungName(rendition) {
  const rate = bitrate(rendition.bitrate_kbps);
  return rendition.kind === "audio" ? `Audio · ${rate}` : `${rendition.height}p · ${rate}`;
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {string} iso */
export function when(iso) {
  return DATE.format(new Date(iso));
}
