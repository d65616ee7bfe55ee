/** Numbers of the dashboards in plain words; null is an en dash. */

const NONE = "–";
/** Letters of a viewer's opaque name that tell one from another well enough. */
const TOLD_APART = 6;
const WHOLE = new Intl.NumberFormat("en-GB");
const COMPACT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 3 });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const LONG_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/**
 * @template T
 * @param {(value: T) => string} words
 * @returns {(value: T | null | undefined) => string}
 */
const orNone = (words) => (value) => (value === null || value === undefined ? NONE : words(value));

/** 1,204 and from a million on 1.2M. */
export const count = orNone((/** @type {number} */ value) =>
  (value >= 1e6 ? COMPACT : WHOLE).format(Math.round(value)),
);

/** One decimal below ten, for means of people; somebody for a moment is not nobody. */
export const mean = orNone((/** @type {number} */ value) => {
  if (value > 0 && value < 0.95) return "under 1";
  return value < 9.95 ? String(Number(value.toFixed(1))) : count(value);
});

/** 48 s, 12 min, 4 h 12 min, 1,260 h */
export const span = orNone((/** @type {number} */ seconds) => {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 100 && minutes % 60 ? `${hours} h ${minutes % 60} min` : `${count(minutes / 60)} h`;
});

/** 840 ms, 2.1 s, 34 s */
export const delay = orNone((/** @type {number} */ ms) => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : span(ms / 1000);
});

/** 0.42 %, 4.2 %, 42 %; never "100 %" for less than all. */
export const share = orNone((/** @type {number} */ part) => {
  const value = 100 * part;
  if (value === 0 || value === 100) return `${value} %`;
  const digits = value < 0.995 ? 2 : value < 9.95 || value > 99 ? 1 : 0;
  return `${value > 99 ? Math.min(99.9, value).toFixed(digits) : value.toFixed(digits)} %`;
});

/** 640 kbps, 2.4 Mbps, 72 Mbps */
export const rate = orNone((/** @type {number} */ kbps) =>
  kbps < 1000 ? `${Math.round(kbps)} kbps` : `${(kbps / 1000).toFixed(kbps < 9950 ? 1 : 0)} Mbps`,
);

/** 3.14, with a real minus */
export const score = orNone((/** @type {number} */ value) => value.toFixed(2).replace("-", "−"));

/** One decimal. */
export const decimal = orNone((/** @type {number} */ value) => (value < 100 ? value.toFixed(1) : count(value)));

/** @param {string} day  2026-11-28 */
export const day = (day) => DAY.format(new Date(`${day}T00:00:00Z`)).replace(",", "");

/** @param {string} day */
export const shortDay = (day) => SHORT_DAY.format(new Date(`${day}T00:00:00Z`));

/**
 * @param {string} from
 * @param {string} to
 * @returns {string} 22 to 28 November 2026
 */
export function days(from, to) {
  const [first, last] = [from, to].map((day) => LONG_DAY.format(new Date(`${day}T00:00:00Z`)));
  if (first === last) return String(last);
  const [one = [], other = []] = [first, last].map((day) => String(day).split(" "));
  const same = one[2] !== other[2] ? 3 : one[1] !== other[1] ? 2 : 1;
  return `${one.slice(0, same).join(" ")} to ${last}`;
}

/** 28 Nov, 14:05, by the reader's clock */
export const moment = orNone((/** @type {string} */ iso) => MOMENT.format(new Date(iso)));

/** 14:05, by the reader's clock */
export const time = orNone((/** @type {string} */ iso) => TIME.format(new Date(iso)));

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 * @returns {string} 1 session, 2 sessions
 */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @type {Record<string, string>} */
const NAMES = {
  "": "not known",
  unknown: "not known",
  wifi: "Wi-Fi",
  "wifi-slow": "slow Wi-Fi",
  ethernet: "Ethernet",
  "4g": "4G",
  "3g": "3G",
  "2g": "2G",
  "slow-2g": "slow 2G",
  "5g": "5G",
  tv: "TV",
};
const COUNTRIES = new Intl.DisplayNames("en-GB", { type: "region", fallback: "code" });

/**
 * The name of a network class or a kind of device.
 *
 * @param {string | null} name
 */
export const named = (name) => capital(NAMES[name ?? ""] ?? String(name).replaceAll(/[_-]/g, " "));

/**
 * @param {string | null} code  ISO 3166-1
 */
export function country(code) {
  try {
    return /^[A-Z]{2}$/.test(code ?? "") ? (COUNTRIES.of(String(code)) ?? String(code)) : named(code);
  } catch {
    return String(code);
  }
}

/**
 * Whoever it was: a name, or the short name that says nothing.
 *
 * @param {{user: string | null, viewer?: string}} who
 */
export const who = ({ user, viewer }) => user ?? (viewer ? `Anonymous ${viewer.slice(0, TOLD_APART)}` : "Anonymous");
