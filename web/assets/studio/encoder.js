/** Encodes picture and sound into fragmented MP4, one fragment a segment: each decodes by itself after the init segment. */

import {
  canEncodeAudio,
  MediaStreamAudioTrackSource,
  MediaStreamVideoTrackSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from "../../vendor/mediabunny-1.61.0/mediabunny.min.mjs";

/**
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} kbps
 *
 * @typedef {object} Taker
 * @property {(init: Uint8Array, firstPdt: number) => void} onInit
 * @property {(segment: Uint8Array, durationS: number) => void} onSegment
 * @property {(error: Error) => void} onError
 */

const SOUND_BPS = 128_000;
/** A fragment ends at the first key frame after this part of the target: key frames are as far apart as the target. */
const EARLY = 0.9;
/** Shorter ends are not sent: packaging takes nothing below half a second. */
const SHORTEST_S = 0.5;

/**
 * The largest even size in a box that keeps the shape of the source.
 *
 * @param {{width?: number, height?: number}} source
 * @param {{width: number, height: number}} box
 */
export function fitted({ width = 0, height = 0 }, box) {
  if (!width || !height) return { width: box.width, height: box.height };
  const scale = Math.min(1, box.width / width, box.height / height);
  const even = (/** @type {number} */ size) => Math.max(2, 2 * Math.floor((size * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** AAC comes from the browser where it has it, else from WebAssembly. */
async function prepareSound() {
  if (await canEncodeAudio("aac")) return;
  const { registerAacEncoder } = await import("../../vendor/aac-encoder-1.59.0/mediabunny-aac-encoder.min.mjs");
  registerAacEncoder();
}

export class SegmentEncoder {
  /** @type {Uint8Array[]} */
  #header = [];
  /** @type {Uint8Array | null} */
  #moof = null;
  #begunS = 0;
  /** Of the newest picture: as a rule the key frame that ends a segment. */
  #newestS = 0;
  #startedS = 0;

  /**
   * @param {MediaStreamTrack} video
   * @param {MediaStreamTrack | null} audio
   * @param {Picture} picture   at most
   * @param {number} targetS    of a segment
   * @param {Taker} taker
   */
  constructor(video, audio, picture, targetS, taker) {
    this.taker = taker;
    this.#output = new Output({ format: this.#format(targetS), target: new NullTarget() });
    const settings = video.getSettings();
    const { fps, kbps } = picture;
    const source = new MediaStreamVideoTrackSource(
      /** @type {MediaStreamVideoTrack} */ (video),
      {
        codec: "avc",
        bitrate: 1000 * kbps,
        keyFrameInterval: targetS,
        latencyMode: "realtime",
        sizeChangeBehavior: "contain", // a shared window may change its size
        transform: fitted(settings, picture),
        onEncodedPacket: (packet) => this.#count(packet),
      },
      { frameRate: Math.min(fps, Math.round(settings.frameRate || fps)) },
    );
    source.errorPromise.catch((error) => taker.onError(error));
    this.#output.addVideoTrack(source);
    this.audio = audio;
  }

  /** @type {Output} */
  #output;

  async start() {
    if (this.audio) {
      await prepareSound();
      const source = new MediaStreamAudioTrackSource(/** @type {any} */ (this.audio), { codec: "aac", bitrate: SOUND_BPS });
      source.errorPromise.catch((error) => this.taker.onError(error));
      this.#output.addAudioTrack(source);
    }
    await this.#output.start();
  }

  /**
   * A picture lasts until the next one, also where the encoder was too busy for some: told nothing of its duration, the
   * muxer reckons it so, and the timeline has no holes between segments.
   *
   * @param {{timestamp: number}} packet
   */
  #count(packet) {
    if (!this.#startedS) this.#startedS = Date.now() / 1000 - packet.timestamp;
    this.#newestS = packet.timestamp;
    Object.assign(packet, { duration: 0 });
  }

  /** Finish the segment that has begun. */
  async stop() {
    await this.#output.finalize().catch(() => {});
  }

  /** @param {number} targetS */
  #format(targetS) {
    return new Mp4OutputFormat({
      fastStart: "fragmented",
      minimumFragmentDuration: EARLY * targetS,
      onFtyp: (data) => this.#header.push(data.slice()),
      onMoov: (data) => this.taker.onInit(joined([...this.#header, data]), this.#startedS || Date.now() / 1000),
      onMoof: (data, _position, timestamp) => {
        this.#moof = data.slice();
        this.#begunS = timestamp;
      },
      onMdat: (data) => {
        const durationS = Math.max(0, this.#newestS - this.#begunS);
        if (this.#moof && durationS >= SHORTEST_S) this.taker.onSegment(joined([this.#moof, data]), durationS);
        this.#moof = null;
      },
    });
  }
}
