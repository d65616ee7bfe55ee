/** Where somebody was in a recording and how fast they watch, kept in this browser; the volume media-chrome keeps itself. */

const PLACES = "headwater.places";
const RATE = "headwater.rate";
/** Recordings whose place is kept, the latest of them. */
const KEPT = 100;
/** The beginning needs no keeping, and who is this near the end has seen it. */
const FIRST_S = 10;
const LAST_S = 15;
const EVERY_MS = 5000;

/** @typedef {Record<string, [number, number]>} Places  seconds, and when they were kept */

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden here, in a foreign frame say
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function write(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // as above, or full: nothing is remembered then
  }
}

/** @returns {Places} */
function places() {
  try {
    return JSON.parse(read(PLACES) ?? "{}") ?? {};
  } catch {
    return {}; // somebody else's words
  }
}

/**
 * @param {string} id
 * @param {number | null} atS  null forgets it
 */
function keep(id, atS) {
  const { [id]: _before, ...others } = places();
  const all = Object.entries(atS === null ? others : { ...others, [id]: [Math.floor(atS), Date.now()] });
  const latest = all.sort((a, b) => Number(b[1][1]) - Number(a[1][1])).slice(0, KEPT);
  write(PLACES, JSON.stringify(Object.fromEntries(latest)));
}

/**
 * A moment as links name it.
 *
 * @param {string | null} text  90, 90s, 1:30, 1h2m3s
 * @returns {number | null} seconds, null for what is none
 */
export function momentOf(text) {
  if (!text) return null;
  if (/^\d+(\.\d+)?s?$/.test(text)) return Number.parseFloat(text);
  if (/^\d+(:\d\d?){1,2}$/.test(text)) return text.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  const found = 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds);
  return found > 0 ? found : null;
}

export class Memory {
  #kept = 0;

  /** @param {string} recordingId */
  constructor(recordingId) {
    this.id = recordingId;
  }

  /**
   * Where it was left.
   *
   * @param {number} durationS  of what can be reached
   * @returns {number | null} seconds
   */
  placeS(durationS) {
    const place = Number(places()[this.id]?.[0]);
    return place >= FIRST_S && place < durationS - LAST_S ? place : null;
  }

  /**
   * From now on keep where it is and how fast it plays.
   *
   * @param {HTMLVideoElement} video
   */
  follow(video) {
    const rate = Number(read(RATE));
    if (rate >= 0.25 && rate <= 4) {
      video.defaultPlaybackRate = rate; // what a new source begins with
      video.playbackRate = rate;
    }
    video.addEventListener("ratechange", () => write(RATE, String(video.playbackRate)));
    video.addEventListener("timeupdate", () => {
      if (performance.now() - this.#kept > EVERY_MS && !video.paused) this.#keep(video);
    });
    video.addEventListener("pause", () => this.#keep(video));
    video.addEventListener("ended", () => keep(this.id, null));
    window.addEventListener("pagehide", () => video.isConnected && this.#keep(video));
  }

  /** @param {HTMLVideoElement} video */
  #keep({ currentTime, duration, ended }) {
    if (ended || !(duration > 0)) return;
    this.#kept = performance.now();
    keep(this.id, currentTime >= FIRST_S && currentTime < duration - LAST_S ? currentTime : null);
  }
}
