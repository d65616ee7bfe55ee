/** A live stream as tests, benches and a curious console may read it: `window.headwater.live`. */

/** @param {import("./live-view.js").LiveView} view */
export function factsOf({ player, feed, viewers, status }) {
  const { source, msn, polls, pushed } = feed;
  return {
    edge: player?.edgeS ?? 0,
    behindS: player?.behindS ?? null,
    latencyS: player?.latencyS ?? null,
    source: pushed && source === "push" ? "push" : "poll",
    viewers,
    msn,
    polls,
    status,
  };
}
