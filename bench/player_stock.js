/** Plays with hls.js as it comes, but for the buffer, which is as long as ours. */

import Hls from "/vendor/hls.js-1.7.4/hls.min.mjs";

const video = document.querySelector("video");
const hls = new Hls({ maxBufferLength: 60, maxMaxBufferLength: 60 });
window.stock = { hls, video };
hls.loadSource(`/api/v1/recordings/${location.hash.slice(1)}/stream/master.m3u8?planned=1`);
hls.attachMedia(video);
video.play();
