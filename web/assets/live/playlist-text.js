/** A live media playlist that is kept up to date by announcements, and its text for hls.js. Pure. */

/**
 * One segment as the server announces it (docs/live-protocol.md).
 *
 * @typedef {object} Entry
 * @property {number} msn
 * @property {string} name        relative to any rendition's folder
 * @property {string} init        likewise
 * @property {number} d           seconds of picture
 * @property {number | null} a    seconds of sound, null without any
 * @property {string} pdt         ISO 8601
 * @property {boolean} disc
 * @property {boolean} gap
 *
 * @typedef {"video" | "audio"} Kind
 *
 * @typedef {object} Listed  a segment in the playlist
 * @property {string} map     the EXT-X-MAP that decodes it, "" without one
 * @property {string[]} tags  what else stands before its address
 * @property {string} uri
 */

const SEQUENCE = "#EXT-X-MEDIA-SEQUENCE:";
const DISCONTINUITIES = "#EXT-X-DISCONTINUITY-SEQUENCE:";
const CONTROL = "#EXT-X-SERVER-CONTROL:";
const MAP = "#EXT-X-MAP:";
const END = "#EXT-X-ENDLIST";
const BREAK = "#EXT-X-DISCONTINUITY";
const BLOCKS = `${CONTROL}CAN-BLOCK-RELOAD=YES`;
/** Tags that belong to the segment that follows them. */
const OF_SEGMENT = /^#(EXTINF:|EXT-X-(DISCONTINUITY$|PROGRAM-DATE-TIME:|GAP$|BYTERANGE:|BITRATE:))/;
const TARGET = "#EXT-X-TARGETDURATION:";

export class PlaylistText {
  /** @type {string[]} */
  #header = [];
  /** @type {Listed[]} */
  #segments = [];
  #first = 0;
  #dsn = 0;
  ended = false;

  /** @param {string} text  a media playlist as the server wrote it */
  constructor(text) {
    let map = "";
    /** @type {string[]} */
    let tags = [];
    for (const line of text.split(/\r?\n/).filter(Boolean)) {
      if (line.startsWith(SEQUENCE)) this.#first = Number(line.slice(SEQUENCE.length));
      if (line.startsWith(DISCONTINUITIES)) this.#dsn = Number(line.slice(DISCONTINUITIES.length));
      if (line.startsWith(MAP)) map = line;
      else if (line === END) this.ended = true;
      else if (OF_SEGMENT.test(line)) tags.push(line);
      else if (line.startsWith("#")) this.#header.push(line);
      else {
        this.#segments.push({ map, tags, uri: line });
        tags = [];
      }
    }
  }

  /** Media sequence number of the first segment. */
  get first() {
    return this.#first;
  }

  /** Media sequence number of the last segment, one less than the first's when there is none. */
  get last() {
    return this.#first + this.#segments.length - 1;
  }

  /** Target duration in seconds, 0 when it does not say. */
  get targetS() {
    return Number(this.#header.find((line) => line.startsWith(TARGET))?.slice(TARGET.length) ?? 0);
  }

  /**
   * Add what follows the last segment.
   *
   * @param {Entry} entry
   * @param {Kind} kind
   * @returns {boolean} false when it does not follow: nothing is changed
   */
  append(entry, kind) {
    if (entry.msn !== this.last + 1 || this.ended) return false;
    const silent = kind === "audio" && entry.a === null;
    const seconds = kind === "audio" ? (entry.a ?? entry.d) : entry.d;
    const tags = [
      entry.disc ? BREAK : "",
      `#EXT-X-PROGRAM-DATE-TIME:${entry.pdt}`,
      entry.gap || silent ? "#EXT-X-GAP" : "",
      `#EXTINF:${seconds.toFixed(5)},`,
    ];
    this.#segments.push({ map: `${MAP}URI="${entry.init}"`, tags: tags.filter(Boolean), uri: entry.name });
    return true;
  }

  /**
   * Let go of what the server no longer lists.
   *
   * @param {number} first  media sequence
   * @param {number} dsn    discontinuity sequence
   */
  dropBelow(first, dsn) {
    const count = Math.min(first, this.last) - this.#first; // one stays, whatever happens: an empty playlist is none
    if (count <= 0) return;
    this.#segments.splice(0, count);
    this.#first += count;
    this.#dsn = dsn;
  }

  /**
   * The playlist for hls.js: what the server writes, but that it blocks until there is more, because the loader does.
   *
   * @returns {string}
   */
  render() {
    const lines = this.#header.map((line) => {
      if (line.startsWith(SEQUENCE)) return `${SEQUENCE}${this.#first}`;
      if (line.startsWith(DISCONTINUITIES)) return `${DISCONTINUITIES}${this.#dsn}`;
      return line.startsWith(CONTROL) ? `${BLOCKS},${line.slice(CONTROL.length)}` : line;
    });
    if (!lines.some((line) => line.startsWith(CONTROL))) lines.push(BLOCKS);
    let map = "";
    for (const segment of this.#segments) {
      const breaks = segment.tags[0] === BREAK;
      lines.push(...(breaks ? [BREAK] : []));
      if (segment.map && segment.map !== map) lines.push(segment.map);
      lines.push(...segment.tags.slice(breaks ? 1 : 0), segment.uri);
      map = segment.map;
    }
    return [...lines, ...(this.ended ? [END] : []), ""].join("\n");
  }
}
