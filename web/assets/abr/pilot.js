/** Flies the engine: gathers what it must know, asks it for each segment, remembers what it said and why. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";
import { nearestAllowed } from "../availability.js";
import { Device } from "./device.js";
import { sampleOf, Sound, transferOf } from "./samples.js";
import { partOf } from "./sharing.js";
import { rungsOf, viewOf } from "./view.js";

/** @typedef {import("../player.js").HeadwaterPlayer} HeadwaterPlayer */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Fragment} Fragment */
/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./engine.js").Link} Link */
/** @typedef {import("./engine.js").View} View */
/** @typedef {import("./samples.js").Sample} Sample */
/** @typedef {import("./advice.js").Advice} Advice */

/**
 * @typedef {object} Choice
 * @property {number} level
 * @property {number | null} runnerUp
 * @property {string} reason   the engine's word, or why it was not asked
 * @property {number} atMs     performance.now()
 *
 * @typedef {object} Abandonment
 * @property {number} atMs
 * @property {number} from     level
 * @property {number} to
 * @property {number} part     of it that had arrived, 0..1
 * @property {number} bufferS
 */

/** Samples that wait for the engine, abandonments and history that are kept to be shown. */
const KEPT = 64;
/** How often an engine that cannot be had is asked for. */
const TRIES = 3;

export class Pilot extends EventTarget {
  /** @type {Engine | null} */
  engine = null;
  /** "ready", or why hls.js's own rule decides. */
  status = "its table is not loaded";
  /** What is known of the link; players that share a link share this. @type {{link: Link | null}} */
  measured = { link: null };
  /** The part of the link that is this player's, and the highest level it takes by itself while others play beside it. */
  share = { part: 1, top: Number.POSITIVE_INFINITY };
  /** @type {Choice | null} */
  choice = null;
  /** @type {Abandonment[]} */
  abandonments = [];
  /** @type {Sample | null} */
  sample = null;
  /** What earlier sessions on this network say. @type {import("./engine.js").Prior | null} */
  prior = null;
  device = new Device();
  #sound = new Sound();
  /** @type {Sample[]} */
  #waiting = [];
  #key = "";
  /** The ladder that an engine was last asked for. */
  #ordered = "";
  #refusals = 0;
  /** Rendition ids. @type {{start: string | null, top: string | null}} */
  #advice = { start: null, top: null };

  /** @param {HeadwaterPlayer} player */
  constructor(player) {
    super();
    this.player = player;
  }

  /** Listen; hls.js exists only after its controllers. @param {Hls} hls */
  attach(hls) {
    hls.on(Hls.Events.FRAG_LOADING, (_event, { frag }) => {
      if (frag.type === "audio" && frag.sn !== "initSegment") this.#sound.add(frag.stats);
    });
    hls.on(Hls.Events.FRAG_LOADED, (_event, { frag }) => {
      if (frag.type === "main" && frag.sn !== "initSegment") this.#learn(frag);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => void this.device.probe(this.player.hls.levels));
  }

  get link() {
    return this.measured.link;
  }

  set link(link) {
    this.measured.link = link;
  }

  /** A transfer of somebody else's, on the same link: what it brings counts for the link too. @param {Fragment["stats"]} stats */
  beside(stats) {
    this.#sound.add(stats);
  }

  /** Median of what the whole link carries, kbit/s; null without a prediction. @returns {number | null} */
  get linkKbps() {
    const { engine, link } = this;
    return engine && link?.samples ? engine.predict(link).p50 : null;
  }

  /** The engine decides; a viewer's own choice is kept to without it. */
  get flying() {
    return this.engine !== null;
  }

  /**
   * Get an engine for the ladder as it is now. Until it is there, and if it cannot be had, hls.js's own rule decides.
   *
   * @param {(ladder: import("./engine.js").Ladder) => Promise<Engine>} load
   * @param {number} maxBufferS
   */
  async equip(load, maxBufferS) {
    const ladder = { kbps: this.rungs.map(({ kbps }) => kbps), segmentS: this.player.progress.segment_s, maxBufferS };
    const order = JSON.stringify(ladder);
    if (!ladder.kbps.length || order === this.#ordered || this.#refusals >= TRIES) return;
    this.#ordered = order;
    try {
      const engine = await load(ladder);
      if (order === this.#ordered) this.take(engine);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!this.engine) this.doWithout(error.message);
      this.#refusals += 1;
      this.#ordered = "";
    }
  }

  /**
   * From now on this engine decides; what was learned of the link stays, what was measured before it came is told to it.
   *
   * @param {Engine} engine
   */
  take(engine) {
    this.engine = engine;
    this.status = "ready";
    this.link ??= engine.start(this.prior);
    for (const sample of this.#waiting.splice(0)) this.#tell(engine, sample);
    this.#key = "";
  }

  /** hls.js's own rule decides. @param {string} reason  a few words */
  doWithout(reason) {
    this.engine = null;
    this.status = reason;
  }

  /** The network is another one, or was away: what was learned counts as little as a prior does. */
  forget() {
    const { engine, link } = this;
    if (engine && link?.samples) this.link = engine.start(engine.asPrior(link));
    this.#key = "";
  }

  /** Take the server's advice; ids it names that are no level of ours count for nothing. @param {Advice} advice */
  heed({ start, top, prior }) {
    this.#advice = { start, top };
    this.prior = prior;
    if (this.engine && this.link?.samples === 0) this.link = this.engine.start(prior);
  }

  /** The advice as levels. */
  get advice() {
    const { levelIds } = this.player;
    const top = levelIds.indexOf(this.#advice.top ?? "");
    return { start: Math.max(0, levelIds.indexOf(this.#advice.start ?? "")), top: top < 0 ? Number.POSITIVE_INFINITY : top };
  }

  /** Rungs of the levels, lowest first. */
  get rungs() {
    return rungsOf(this.player);
  }

  /** What the device and the server allow; the viewer's own choice knows no cap. */
  get cap() {
    return this.device.cap(this.rungs, this.advice.top);
  }

  /** Median of the prediction in bits a second, null without one. @returns {number | null} */
  estimateBps() {
    const { engine, link, share } = this;
    return engine && link?.samples ? 1000 * engine.predict(partOf(link, share.part)).p50 : null;
  }

  /** What of the ladder this player makes use of by itself. */
  get #top() {
    return Math.min(this.cap.index, this.share.top);
  }

  /**
   * The level to load when something else than the engine suggests one.
   *
   * @param {number} suggestion
   */
  within(suggestion) {
    const { player } = this;
    const start = Math.min(this.advice.start, this.#top);
    const first = player.loadedLevel < 0;
    const level = player.policy.nextLevel(first ? start : Math.min(suggestion, this.#top), player.view);
    if (!this.flying) this.#note(level, null, player.policy.pinned === null ? (first ? "start" : "hls.js") : "pinned");
    return level;
  }

  /** The level to load next. hls.js asks ten times a second, so an answer holds until something changes. */
  next() {
    const { player, engine, link } = this;
    if (!engine || !link || player.loadedLevel < 0 || player.policy.pinned !== null) return this.#unasked();
    const { policy, view: seen } = player;
    const possible = policy.allowed(seen);
    const fit = this.#fit(possible);
    const allowed = fit.length ? fit : possible.slice(0, 1);
    const view = this.#view(/** @type {number} */ (allowed.at(-1)));
    const key = [link.samples, allowed, view.bufferS.toFixed(1), seen.bufferedEndS.toFixed(1), this.share.part].join();
    if (key === this.#key && this.choice) return this.choice.level;
    const decision = engine.choose(partOf(link, this.share.part), view);
    const level = nearestAllowed(allowed, decision.level);
    this.#note(level, decision.runnerUp, level === decision.level ? decision.reason : "encoding");
    this.#key = key;
    return level;
  }

  /**
   * Those that are within the cap and have not just failed to load; hls.js keeps the errors.
   *
   * @param {number[]} possible
   */
  #fit(possible) {
    const { hls, loadedLevel } = this.player;
    const cap = this.#top;
    const sinceMs = performance.now() - hls.config.errorPenaltyExpireMs;
    return possible.filter((index) => {
      const level = hls.levels[index];
      const failed = level !== undefined && level.loadError > 0 && level.loadErrorTime > sinceMs;
      return index <= cap && (!failed || index === loadedLevel);
    });
  }

  /** Before the first segment, and for a viewer who has chosen. */
  #unasked() {
    const { player } = this;
    const pinned = player.policy.pinned !== null;
    const level = player.policy.nextLevel(Math.min(this.advice.start, this.#top), player.view);
    this.#note(level, null, pinned ? "pinned" : "start");
    this.#key = "";
    return level;
  }

  /**
   * The level for which a segment on its way is given up, null to go on waiting.
   *
   * @param {Fragment} frag
   * @returns {number | null}
   */
  abandon(frag) {
    const { player, engine, link } = this;
    if (!engine || !link || player.policy.pinned !== null || frag.level <= 0 || player.video.paused) return null;
    const nowMs = performance.now();
    const { loading, loaded } = frag.stats;
    if (!loading.start) return null;
    const allowed = player.policy.allowed(player.view).filter((index) => index < frag.level);
    const top = allowed.at(-1);
    if (top === undefined) return null;
    const view = this.#view(frag.level, frag.start);
    const level = engine.shouldAbandon(partOf(link, this.share.part), view, {
      level: frag.level,
      sizeBits: /** @type {number} */ (view.sizesBits[frag.level]),
      gotBits: 8 * loaded,
      elapsedS: (nowMs - loading.start) / 1000,
      ttfbS: loading.first ? (loading.first - loading.start) / 1000 : 0,
    });
    if (level === null) return null;
    const to = nearestAllowed(allowed, level);
    this.#abandoned(frag, to, view);
    return to;
  }

  /**
   * @param {number} top
   * @param {number} [atS]
   */
  #view(top, atS) {
    return viewOf(this.player, this.link?.rttS || (this.sample?.ttfbS ?? 0), top, atS);
  }

  /** @param {Fragment} frag */
  #learn(frag) {
    const nowMs = performance.now();
    const sample = sampleOf(transferOf(frag.stats, nowMs), this.#sound.transfers(nowMs));
    if (!sample) return;
    this.sample = sample;
    if (this.engine) this.#tell(this.engine, sample);
    else if (this.#waiting.push(sample) > KEPT) this.#waiting.shift();
  }

  /**
   * @param {Engine} engine
   * @param {Sample} sample
   */
  #tell(engine, { kbps, seconds, ttfbS }) {
    if (this.link) this.link = engine.observe(this.link, kbps, seconds, ttfbS);
  }

  /**
   * @param {Fragment} frag
   * @param {number} to
   * @param {View} view
   */
  #abandoned(frag, to, { bufferS, sizesBits }) {
    this.#learn(frag);
    const part = (8 * frag.stats.loaded) / /** @type {number} */ (sizesBits[frag.level]);
    this.abandonments.push({ atMs: performance.now(), from: frag.level, to, part, bufferS });
    if (this.abandonments.length > KEPT) this.abandonments.shift();
    this.#note(to, frag.level, "abandoned");
    this.dispatchEvent(new CustomEvent("abandoned", { detail: { frag, to } }));
  }

  /**
   * @param {number} level
   * @param {number | null} runnerUp
   * @param {string} reason
   */
  #note(level, runnerUp, reason) {
    this.choice = { level, runnerUp, reason, atMs: performance.now() };
  }

  /** Bits of the next segment on each rung, for those who look. */
  get sizes() {
    return this.#view(0).sizesBits;
  }
}
