/**
 * One clock for several streams. The one that is listened to leads, since a change of its speed could be heard; the others are
 * held to it. Whoever has to wait makes all of them wait.
 */

import { steering } from "./drift.js";
import { nextBegin, toShared, union } from "./timeline.js";

/** @typedef {import("./strand.js").Strand} Strand */
/** @typedef {"loading" | "paused" | "playing" | "holding" | "ended"} State  holding: for a stream that is not ready */

const TICK_MS = 100;
/** While all wait anyway, a difference that would take seconds to make good is put right at once. */
const EXACT_S = 0.15;
/** Further off than that for so long, whatever its speed: a device that cannot keep up, and a leap is the better evil. */
const PATIENCE_MS = 3000;
/** Pictures that stand still are compared. */
const STILL_S = 0.02;
/** A stream that comes on within this time is made ready for it. */
const SOON_S = 10;
const NEAR_S = 0.3;

/** Dispatches "change" for its state, "lineup" when it is known what plays when. */
export class Ensemble extends EventTarget {
  /** @type {State} */
  state = "loading";
  /** The viewer wants it to play. */
  wants = true;
  rate = 1;
  /** Whose sound is heard, by number. */
  leader = 0;
  /** Seconds of the shared time. */
  atS = 0;
  byDate = false;
  #wallMs = 0;
  #placed = false;

  /**
   * @param {Strand[]} strands
   * @param {boolean} offsetsGiven  dates count for nothing then
   */
  constructor(strands, offsetsGiven) {
    super();
    this.strands = strands;
    this.offsetsGiven = offsetsGiven;
    for (const strand of strands) {
      strand.addEventListener("change", () => this.#onChange());
      for (const name of ["canplay", "waiting", "seeked", "playing"]) strand.video.addEventListener(name, () => this.tick());
    }
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Those that take part. */
  get parts() {
    return this.strands.filter((strand) => strand.known && !strand.out);
  }

  /** From the first picture of any to the last. */
  get range() {
    return union(this.parts.map(({ pieces }) => pieces));
  }

  /** One of them is on now. */
  get live() {
    return this.parts.some(({ live }) => live);
  }

  /** How far the newest can be followed, null when nothing is live. */
  get edgeS() {
    const edges = this.parts.flatMap(({ edgeS }) => (edgeS === null ? [] : [edgeS]));
    return edges.length ? Math.min(...edges) : null;
  }

  /** Seconds that each is ahead, null for those that have no picture now. */
  get drifts() {
    const atS = this.#now();
    return this.strands.map((strand) => {
      const local = this.parts.includes(strand) ? strand.at(atS) : null;
      return local === null ? null : strand.video.currentTime - local;
    });
  }

  /** Those that are waited for. */
  get laggards() {
    return this.state === "holding" ? this.#awake().filter(({ strand }) => !strand.ready).map(({ strand }) => strand) : [];
  }

  play() {
    if (this.state === "ended") this.seek(this.range[0]);
    this.wants = true;
    this.tick();
  }

  pause() {
    this.#move();
    this.wants = false;
    for (const { video } of this.strands) video.pause();
    this.#enter("paused");
    for (const { strand, localS } of this.#awake()) if (strand.ready) this.#correct(strand, localS, STILL_S);
    this.tick();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = rate;
    this.#applyRates();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} atS */
  seek(atS) {
    if (!this.#placed) return;
    const [from, to] = this.range;
    this.atS = Math.min(Math.max(atS, from), this.edgeS === null ? to : Math.max(from, Math.min(to, this.edgeS)));
    this.#wallMs = performance.now();
    for (const { strand, localS } of this.#awake()) {
      strand.video.pause();
      strand.video.currentTime = localS;
    }
    this.#enter(this.wants ? "holding" : "paused");
    this.tick();
  }

  /** @param {number} leader */
  listen(leader) {
    this.leader = leader;
    this.dispatchEvent(new Event("change"));
  }

  stop() {
    clearInterval(this.timer);
    for (const strand of this.strands) strand.stop();
  }

  /** Look at all of them, and put right what is not. */
  tick() {
    if (!this.#placed) return;
    this.#move();
    this.#rest();
    if (this.#over()) return;
    const awake = this.#awake();
    const waiting = awake.filter(({ strand }) => !strand.ready);
    if (!this.wants) this.#enter("paused");
    else if (!awake.length) this.#leapGap();
    else if (waiting.length) this.#hold(awake);
    else this.#go(awake);
  }

  /** Where it is at this very moment. */
  #now() {
    return this.state === "playing" ? this.atS + (this.rate * (performance.now() - this.#wallMs)) / 1000 : this.atS;
  }

  #move() {
    const reckoned = this.#now();
    const lead = this.strands[this.leader];
    const shared = lead && this.#leads(lead, reckoned) ? toShared(lead.pieces, lead.video.currentTime) : null;
    // its own clock is the sound card's, which none can be held to
    this.atS = this.state === "playing" && shared !== null && Math.abs(shared - reckoned) < 1 ? shared : reckoned;
    this.#wallMs = performance.now();
  }

  /**
   * @param {Strand} lead
   * @param {number} atS
   */
  #leads(lead, atS) {
    return this.parts.includes(lead) && lead.at(atS) !== null && lead.ready && !lead.video.paused;
  }

  /** Those that have a picture now, and where. */
  #awake() {
    return this.parts.flatMap((strand) => {
      const localS = strand.at(this.atS);
      return localS === null ? [] : [{ strand, localS }];
    });
  }

  /** Those without a picture stand still, at the beginning of their next one. */
  #rest() {
    for (const strand of this.parts.filter((one) => one.at(this.atS) === null)) {
      if (!strand.video.paused) strand.video.pause();
      const next = strand.pieces.find(({ atS }) => atS > this.atS);
      const far = next && Math.abs(strand.video.currentTime - next.localS) > NEAR_S;
      if (far && next.atS - this.atS < SOON_S && !strand.video.seeking) strand.video.currentTime = next.localS;
    }
  }

  #over() {
    const ended = !this.live && this.atS >= this.range[1] - 0.05;
    if (!ended) {
      if (this.state === "ended") this.#enter("paused");
      return false;
    }
    if (this.state !== "ended") {
      this.wants = false;
      for (const { video } of this.strands) video.pause();
      this.#enter("ended");
    }
    return true;
  }

  /** Nobody has anything: what comes next comes now. */
  #leapGap() {
    const next = nextBegin(this.parts.map(({ pieces }) => pieces), this.atS);
    if (next !== null) this.seek(next);
    else this.#enter("holding");
  }

  /** @param {{strand: Strand, localS: number}[]} awake */
  #hold(awake) {
    this.#enter("holding");
    for (const { strand, localS } of awake) {
      if (!strand.ready) continue; // it goes on by itself: its waiting is a stall, and counts as one
      if (!strand.video.paused) strand.video.pause();
      this.#correct(strand, localS);
    }
  }

  /** @param {{strand: Strand, localS: number}[]} awake */
  #go(awake) {
    if (this.state !== "playing" && awake.some(({ strand, localS }) => this.#correct(strand, localS))) {
      this.#enter("holding");
      return;
    }
    if (this.state !== "playing") {
      for (const { strand } of awake) strand.inStepMs = performance.now();
      this.#enter("playing");
    }
    for (const { strand, localS } of awake) {
      if (strand.video.paused && !strand.video.ended) this.#start(strand);
      if (strand !== this.strands[this.leader]) this.#steer(strand, localS);
      else strand.factor = 1;
    }
    this.#applyRates();
  }

  /**
   * @param {Strand} strand
   * @param {number} localS
   * @param {number} [mostS]
   * @returns {boolean} it is on its way to where it should be
   */
  #correct(strand, localS, mostS = EXACT_S) {
    if (Math.abs(strand.video.currentTime - localS) < mostS || strand.video.ended) return false;
    strand.video.pause();
    strand.video.currentTime = localS;
    return true;
  }

  /**
   * @param {Strand} strand
   * @param {number} localS
   */
  #steer(strand, localS) {
    const driftS = strand.video.currentTime - localS;
    const nowMs = performance.now();
    if (Math.abs(driftS) < EXACT_S) strand.inStepMs = nowMs;
    const factor = nowMs - strand.inStepMs > PATIENCE_MS ? null : steering(driftS, strand.factor !== 1);
    strand.factor = factor ?? 1;
    if (factor !== null || strand.video.seeking || strand.video.ended) return;
    strand.inStepMs = nowMs;
    strand.video.currentTime = localS; // and all wait for it
  }

  /** @param {Strand} strand */
  #start(strand) {
    strand.video.play().catch((/** @type {DOMException} */ error) => {
      if (error.name !== "NotAllowedError" || !this.wants) return;
      this.pause(); // the browser wants to be pressed first
    });
  }

  #applyRates() {
    for (const { video, factor } of this.strands) {
      const wanted = this.rate * factor;
      if (Math.abs(video.playbackRate - wanted) > 1e-4) video.playbackRate = wanted;
    }
  }

  /** When the last of them is known it is decided how they are laid beside each other, and where to begin. */
  #onChange() {
    const undecided = this.strands.some((strand) => !strand.known && !strand.out && strand.phase !== "preparing");
    const { parts } = this;
    // one that comes late is laid beside the others as they are
    for (const strand of this.#placed ? parts : []) if (strand.byDate !== this.byDate) strand.place(this.byDate);
    if (!this.#placed && !undecided && parts.length) {
      const dates = parts.every((strand) => strand.hasDates);
      this.byDate = dates && (!this.offsetsGiven || parts.some(({ live }) => live));
      for (const strand of parts) strand.place(this.byDate);
      this.#placed = this.range[1] > this.range[0];
      if (this.#placed) {
        this.seek(this.edgeS ?? this.range[0]);
        this.dispatchEvent(new Event("lineup"));
      }
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {State} state */
  #enter(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
