/** Around the picture: the poster before it moves, and thumbnails over the timeline. */

/** @typedef {import("./types.js").Progress} Progress */

/** One transparent pixel: where nothing is encoded yet the preview is an empty frame. */
const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const CUE = /^(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm;
const NEARLY_S = 0.1;

/** @param {string} clock  hh:mm:ss.mmm */
function seconds(clock) {
  return clock.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
}

/**
 * A thumbnail track as written by the encoder.
 *
 * @param {string} text  WebVTT
 * @param {string} url   what its addresses are relative to
 * @returns {{start: number, end: number, image: string, box: number[]}[]}
 */
export function parseTrack(text, url) {
  return [...text.matchAll(CUE)].map(([, start = "", end = "", name = "", ...box]) => ({
    start: seconds(start),
    end: seconds(end),
    image: new URL(name, url).href,
    box: box.map(Number),
  }));
}

export class Stills {
  /** @type {TextTrack | null} */
  #track = null;
  #reachS = 0;
  /** @type {VTTCue | null} */
  #blank = null;
  #busy = false;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  /**
   * Call it once the media cookies are there, and whenever more may have been encoded.
   *
   * @param {Progress} progress
   */
  update(progress) {
    this.#showPoster(progress);
    void this.#grow(progress);
  }

  /** @param {Progress} progress */
  #showPoster({ poster_url: url, renditions }) {
    if (!url || this.video.dataset.still === url) return;
    this.video.dataset.still = url;
    // A moving picture takes the poster's place; where there is none it stays.
    if (renditions.some((rendition) => rendition.kind === "video")) this.video.poster = url;
    else this.video.style.backgroundImage = `url("${url}")`;
  }

  /** @param {Progress} progress */
  async #grow({ storyboard_url: path, duration_s: durationS, renditions }) {
    if (!this.#track?.cues?.length) this.#reachS = 0; // hls.js empties every track when it loads a recording anew
    const rungs = renditions.filter((rendition) => rendition.kind === "video");
    const encodedS = Math.max(0, ...rungs.map((rung) => rung.available_s));
    if (!path || this.#busy || this.#reachS >= Math.min(encodedS, durationS) - NEARLY_S) return;
    this.#busy = true;
    try {
      const url = new URL(path, location.href).href;
      const response = await fetch(url);
      if (response.ok) this.#add(parseTrack(await response.text(), url), durationS);
    } catch {
      // an extra: the next progress asks again
    } finally {
      this.#busy = false;
    }
  }

  /**
   * @param {ReturnType<typeof parseTrack>} tiles
   * @param {number} durationS
   */
  #add(tiles, durationS) {
    const track = (this.#track ??= this.video.addTextTrack("metadata", "thumbnails"));
    if (this.#blank) track.removeCue(this.#blank);
    this.#blank = null;
    for (const { start, end, image, box } of tiles) {
      if (start < this.#reachS - NEARLY_S) continue;
      track.addCue(new VTTCue(start, end, `${image}#xywh=${box.join(",")}`));
      this.#reachS = end;
    }
    const [, , width = 0, height = 0] = tiles.at(-1)?.box ?? [];
    if (this.#reachS < durationS - NEARLY_S) {
      this.#blank = new VTTCue(this.#reachS, durationS, `${BLANK}#xywh=0,0,${width},${height}`);
      track.addCue(this.#blank);
    }
  }
}
