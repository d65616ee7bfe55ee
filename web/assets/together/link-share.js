/** Lets the players of a page share one link: one measurement of it, and a part of it for each. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { capOf } from "../abr/caps.js";
import { divide } from "../abr/sharing.js";

/** @typedef {import("./ensemble.js").Ensemble} Ensemble */
/** @typedef {import("./strand.js").Strand} Strand */
/** @typedef {import("../player.js").HeadwaterPlayer} HeadwaterPlayer */

const EVERY_MS = 1000;
/** Until something was measured; the engine supposes the same. */
const USUAL_KBPS = 1500;
/** What comes on within this time loads already. */
const SOON_S = 10;
const WHOLE_S = 0.5;

export class LinkShare {
  /** @type {{link: import("../abr/engine.js").Link | null}} */
  measured = { link: null };
  /** How much each matters. @type {number[]} */
  weights = [];
  /** @type {import("../abr/sharing.js").Share[]} */
  shares = [];
  /** @type {Set<HeadwaterPlayer>} */
  #joined = new Set();

  /** @param {Ensemble} ensemble */
  constructor(ensemble) {
    this.ensemble = ensemble;
    for (const strand of ensemble.strands) strand.addEventListener("change", () => this.#join(strand));
    this.timer = setInterval(() => this.divide(), EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
  }

  /** What the link carries, kbit/s. */
  get linkKbps() {
    for (const { pilot } of this.#joined) if (pilot.linkKbps !== null) return pilot.linkKbps;
    return USUAL_KBPS;
  }

  /** @param {number[]} weights  one for each stream */
  weigh(weights) {
    this.weights = weights;
    this.divide();
  }

  /** Give each its part. */
  divide() {
    const sharers = this.ensemble.strands.map((strand, n) => this.#sharer(strand, this.weights[n] ?? 1));
    const held = this.shares.map(({ top }) => top);
    this.shares = divide(this.linkKbps, sharers, held);
    this.ensemble.strands.forEach(({ player }, n) => {
      const share = this.shares[n];
      if (player && share) player.pilot.share = share;
    });
  }

  /** @param {Strand} strand */
  #join({ player }) {
    if (!player || this.#joined.has(player)) return;
    player.pilot.measured = this.measured;
    this.#joined.add(player);
    player.hls.on(Hls.Events.FRAG_LOADING, (_event, { frag }) => {
      for (const other of this.#joined) if (other !== player) other.pilot.beside(frag.stats);
    });
    player.hls.on(Hls.Events.MANIFEST_PARSED, () => this.divide());
  }

  /**
   * @param {Strand} strand
   * @param {number} weight
   * @returns {import("../abr/sharing.js").Sharer}
   */
  #sharer(strand, weight) {
    const { player, video } = strand;
    if (!player || strand.out) return { kbps: [], top: 0, weight, loads: false };
    const soundKbps = player.progress.renditions.find(({ kind }) => kind === "audio")?.bitrate_kbps ?? 0;
    const { rungs, cap } = player.pilot;
    const kbps = rungs.map((rung) => rung.kbps + soundKbps);
    const ratio = window.devicePixelRatio;
    const tile = { width: video.clientWidth * ratio, height: video.clientHeight * ratio, saver: false, low: false };
    const fits = capOf(rungs, { ...tile, smooth: [], efficient: [] }, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    return { kbps, top: Math.min(fits.index, cap.index), weight, loads: kbps.length > 0 && this.#loads(strand, player) };
  }

  /**
   * @param {Strand} strand
   * @param {HeadwaterPlayer} player
   */
  #loads(strand, player) {
    const { atS } = this.ensemble;
    const soon = !strand.pieces.length || strand.pieces.some((one) => one.atS < atS + SOON_S && one.atS + one.lengthS > atS);
    const whole = player.bufferedEndS >= strand.video.duration - WHOLE_S;
    return strand.live || (soon && !whole);
  }
}
