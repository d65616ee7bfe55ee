/** What a person chose for this browser, kept in localStorage; everything works without any of it. */

/**
 * @typedef {"system" | "light" | "dark"} Theme
 *
 * @typedef {object} Preferences
 * @property {Theme} theme
 * @property {boolean} counted    may be recognised as one viewer: false leaves `vid` out of every report
 * @property {boolean} dataSaver  play as if the network asked to be spared
 * @property {number} capHeight   lines of the highest picture to play by itself, 0 for no limit
 */

/** Keys in localStorage; other tabs hear of changes through the `storage` event. */
export const KEYS = Object.freeze({
  theme: "headwater.theme",
  counted: "headwater.counted",
  dataSaver: "headwater.saver",
  capHeight: "headwater.cap",
  viewer: "headwater.viewer",
});

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser may forbid storage, in a foreign frame say
  }
}

/**
 * @param {string} key
 * @param {string | null} value  null forgets it
 */
function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // as above: the choice then holds for nothing but this page
  }
}

/** @returns {Preferences} */
export function preferences() {
  const theme = read(KEYS.theme);
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    counted: read(KEYS.counted) !== "no",
    dataSaver: read(KEYS.dataSaver) === "yes",
    capHeight: Math.max(0, Number(read(KEYS.capHeight)) || 0),
  };
}

/**
 * Keep some of them, and tell this page (`headwater-preferences` on window) and other tabs.
 *
 * @param {Partial<Preferences>} changes
 */
export function prefer({ theme, counted, dataSaver, capHeight }) {
  if (theme !== undefined) write(KEYS.theme, theme === "system" ? null : theme);
  if (dataSaver !== undefined) write(KEYS.dataSaver, dataSaver ? "yes" : null);
  if (capHeight !== undefined) write(KEYS.capHeight, capHeight ? String(capHeight) : null);
  if (counted !== undefined) {
    write(KEYS.counted, counted ? null : "no");
    if (!counted) write(KEYS.viewer, null); // the name goes with the wish to have one
  }
  window.dispatchEvent(new Event("headwater-preferences"));
}
