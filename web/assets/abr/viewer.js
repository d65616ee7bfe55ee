/** Who watches, as far as counting people needs it: a random name of this browser, and the kind of device it runs on. */

import { KEYS, preferences } from "../preferences.js";

const BYTES = 16;
const NAME = /^[A-Za-z0-9_-]{16,64}$/;
/** The shorter side of a screen, in CSS pixels, from which a device that is touched is a tablet. */
const TABLET_PX = 600;

/** A name that nobody else has; the older way is for pages that are not served securely. */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** False when the person does not want their visits to be known as one viewer's: here, or in the browser's own settings. */
function isCounted() {
  return preferences().counted && Reflect.get(navigator, "globalPrivacyControl") !== true;
}

/**
 * The name under which this browser's visits count as one viewer's, made when first needed.
 *
 * @returns {string | null} null for who is not counted, or where nothing can be kept
 */
export function viewerId() {
  if (!isCounted()) return null;
  try {
    const known = localStorage.getItem(KEYS.viewer);
    if (known && NAME.test(known)) return known;
    const made = randomName();
    localStorage.setItem(KEYS.viewer, made);
    return made;
  } catch {
    return null; // another name each time would make many viewers of one
  }
}

/**
 * What a browser says of the machine it runs on.
 *
 * @typedef {object} Machine
 * @property {string} agent        its user agent string
 * @property {boolean | null} mobile  its own word, null where it has none
 * @property {boolean} touched     the finger is the main pointer
 * @property {number} width        of the screen, CSS pixels
 * @property {number} height
 *
 * @typedef {"phone" | "tablet" | "desktop" | "tv" | "other"} DeviceKind
 */

/**
 * @param {Machine} machine
 * @returns {DeviceKind}
 */
export function kindOf({ agent, mobile, touched, width, height }) {
  if (/SMART-?TV|Tizen.*TV|Web0S|WebOS.TV|NetCast|BRAVIA|AFT[A-Z]|CrKey|GoogleTV|Apple ?TV|HbbTV|Roku/i.test(agent)) return "tv";
  const large = Math.min(width, height) >= TABLET_PX;
  if (/iPad/.test(agent) || (/Macintosh/.test(agent) && touched)) return "tablet"; // an iPad says that it is a Mac
  if (/iPhone|iPod/.test(agent)) return "phone";
  if (/Android/.test(agent)) return (mobile ?? /Mobile/.test(agent)) && !large ? "phone" : "tablet";
  if (mobile) return large ? "tablet" : "phone";
  return /Windows|Macintosh|Linux|CrOS|X11/.test(agent) ? "desktop" : "other";
}

/** What this device is. */
export function deviceKind() {
  const hints = /** @type {{mobile?: boolean} | undefined} */ (Reflect.get(navigator, "userAgentData"));
  const { width, height } = window.screen;
  const touched = window.matchMedia("(pointer: coarse)").matches;
  return kindOf({ agent: navigator.userAgent, mobile: hints?.mobile ?? null, touched, width, height });
}
