/** Read a multivariant playlist and all it names with hls-parser in strict mode; prints what it says as JSON. */

import HLS from "hls-parser";

HLS.setOptions({ strictMode: true });

/** @param {string} url */
async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} for ${url}`);
  const type = answer.headers.get("content-type");
  try {
    return { playlist: HLS.parse(await answer.text()), type };
  } catch (error) {
    throw new Error(`${url}: ${error.message}`);
  }
}

/** @param {string} url */
async function media(url) {
  const { playlist, type } = await read(url);
  if (playlist.isMasterPlaylist) throw new Error(`${url} is no media playlist`);
  const segments = playlist.segments.map((segment) => ({
    uri: new URL(segment.uri, url).href,
    duration: segment.duration,
    offset: segment.byterange?.offset ?? 0,
    length: segment.byterange?.length ?? null,
    gap: Boolean(segment.gap),
    captured: segment.programDateTime ?? null,
    discontinuity: Boolean(segment.discontinuity),
    map: { uri: new URL(segment.map.uri, url).href, ...segment.map.byterange },
  }));
  const { targetDuration, version, playlistType, endlist, mediaSequenceBase } = playlist;
  const isIFrame = Boolean(playlist.isIFrame);
  return { url, type, targetDuration, version, playlistType, endlist, isIFrame, mediaSequenceBase, segments };
}

const root = process.argv[2];
const { playlist: master, type } = await read(root);
if (!master.isMasterPlaylist) throw new Error(`${root} is no multivariant playlist`);

const variants = master.variants.map((variant) => ({
  uri: new URL(variant.uri, root).href,
  iframes: variant.isIFrameOnly,
  peak: variant.bandwidth,
  average: variant.averageBandwidth,
  codecs: variant.codecs,
  size: variant.resolution ? [variant.resolution.width, variant.resolution.height] : null,
  rate: variant.frameRate ?? null,
  sounds: variant.audio.map((sound) => sound.name),
}));
// A group hangs on each variant that plays with it; every sound is listed once.
const sounds = new Map(
  master.variants
    .flatMap((variant) => variant.audio)
    .map((sound) => [
      sound.name,
      {
        uri: new URL(sound.uri, root).href,
        name: sound.name,
        language: sound.language,
        isDefault: sound.isDefault,
        autoselect: sound.autoselect,
        channels: sound.channels,
      },
    ]),
);

const uris = new Set([...variants, ...sounds.values()].map((entry) => entry.uri));
const playlists = Object.fromEntries(await Promise.all([...uris].map(async (uri) => [uri, await media(uri)])));
const { version, independentSegments } = master;
console.log(JSON.stringify({ type, version, independentSegments, variants, sounds: [...sounds.values()], playlists }));
