/** Keeps the timeline as long as the recording while its playlists still grow. */

import Hls from "../vendor/hls.js-1.7.4/hls.min.mjs";

/**
 * hls.js raises the MediaSource's duration with the playlist; it never lowers it while media is buffered. So telling
 * it the real length once per attachment makes a growing recording look like a finished one.
 *
 * @param {Hls} hls
 * @param {HTMLVideoElement} video
 * @param {() => number} wantedS  the recording's length, 0 when the playlists know best
 */
export function keepDuration(hls, video, wantedS) {
  /** @type {MediaSource | null} */
  let source = null;

  const raise = () => {
    const duration = wantedS();
    if (!source || source.readyState !== "open" || !(duration > source.duration || Number.isNaN(source.duration))) {
      return;
    }
    const busy = [...source.sourceBuffers].find((buffer) => buffer.updating);
    if (busy) busy.addEventListener("updateend", raise, { once: true });
    else if (duration > 0) source.duration = duration;
  };

  hls.on(Hls.Events.MEDIA_ATTACHED, (_event, { mediaSource }) => {
    source = mediaSource ?? null;
    raise();
  });
  hls.on(Hls.Events.MEDIA_DETACHED, () => {
    source = null;
  });
  video.addEventListener("durationchange", raise);
}
