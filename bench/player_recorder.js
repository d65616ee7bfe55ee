/** Injected into both pages: which segment was loaded on which level, when playing stood still, when it began. */

(() => {
  const seen = { levels: {}, stalls: [], firstFrameMs: null, abandoned: 0, rules: "" };
  window.recorded = seen;
  let waitingSince = 0;
  const find = setInterval(() => {
    const player = window.headwater?.player ?? window.stock;
    if (!player) return;
    clearInterval(find);
    const { hls, video } = player;
    hls.on("hlsFragBuffered", (_name, { frag }) => {
      if (frag.type === "main" && frag.sn !== "initSegment") seen.levels[frag.sn] = frag.level;
    });
    hls.on("hlsFragLoadEmergencyAborted", () => { seen.abandoned += 1; });
    video.requestVideoFrameCallback((now) => { seen.firstFrameMs = now; });
    video.addEventListener("waiting", () => {
      if (seen.firstFrameMs !== null) waitingSince ||= performance.now();
    });
    video.addEventListener("playing", () => {
      if (waitingSince) seen.stalls.push(performance.now() - waitingSince);
      waitingSince = 0;
    });
    seen.state = () => ({
      ...seen,
      state: undefined,
      stalledMs: seen.stalls.reduce((sum, ms) => sum + ms, 0) + (waitingSince && performance.now() - waitingSince),
      playedS: video.currentTime,
      askedMs: performance.getEntriesByType("resource").find(({ name }) => name.includes("master.m3u8"))?.startTime ?? 0,
      rules: window.headwater ? window.headwater.player.pilot.status : "stock",
    });
  }, 20);
})();
