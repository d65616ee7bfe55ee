/** hls.js asks its abrController which level to load and tells it how loading goes: here the pilot answers. */

import Hls, { AbrController } from "../../vendor/hls.js-1.7.4/hls.min.mjs";

/** @typedef {import("./pilot.js").Pilot} Pilot */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Fragment} Fragment */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").FragLoadingData} FragLoadingData */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").FragLoadedData} FragLoadedData */

/** How often a segment on its way is compared with taking a smaller one. */
const CHECK_MS = 100;

/** @param {Fragment} frag */
function isPicture(frag) {
  return frag.type === "main" && frag.sn !== "initSegment" && !frag.bitrateTest;
}

/**
 * hls.js's own rule decides while the pilot has no engine; from then on nothing of it does. Its bookkeeping goes on
 * underneath, so that it can take over at any moment. A level that hls.js forces (after a load error) holds for one segment.
 *
 * @param {Pilot} pilot
 * @returns {typeof AbrController}
 */
export function pilotedAbrController(pilot) {
  return class extends AbrController {
    /** What was answered last: hls.js sets it back, which forces nothing. */
    #offered = -1;
    #forced = -1;
    /** @type {Fragment | null} */
    #loading = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    #checks;

    /** @param {Hls} hls */
    constructor(hls) {
      super(hls);
      this.#estimate();
    }

    /** @param {number} [estimate] */
    resetEstimator(estimate) {
      super.resetEstimator(estimate);
      this.#estimate();
    }

    /** Other parts of hls.js plan with its estimate of the bandwidth: they get the engine's. */
    #estimate() {
      const { bwEstimator } = this;
      const own = bwEstimator.getEstimate.bind(bwEstimator);
      bwEstimator.getEstimate = () => pilot.estimateBps() ?? own();
    }

    get firstAutoLevel() {
      this.#offered = pilot.flying ? pilot.next() : pilot.within(super.firstAutoLevel);
      return this.#offered;
    }

    get forcedAutoLevel() {
      return pilot.flying ? this.#forced : super.forcedAutoLevel;
    }

    get nextAutoLevel() {
      if (!pilot.flying) this.#offered = pilot.within(super.nextAutoLevel);
      else this.#offered = this.#forced < 0 ? pilot.next() : pilot.within(this.#forced);
      return this.#offered;
    }

    set nextAutoLevel(level) {
      super.nextAutoLevel = level;
      if (level !== this.#offered) this.#forced = level;
    }

    /**
     * @param {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Events.FRAG_LOADING} event
     * @param {FragLoadingData} data
     */
    onFragLoading(event, data) {
      super.onFragLoading(event, data);
      if (!pilot.flying || !isPicture(data.frag)) return;
      this.clearTimer();
      this.#loading = data.frag;
      this.#checks = setInterval(() => this.#check(), CHECK_MS);
    }

    /**
     * @param {import("../../vendor/hls.js-1.7.4/hls.min.mjs").Events.FRAG_LOADED} event
     * @param {FragLoadedData} data
     */
    onFragLoaded(event, data) {
      super.onFragLoaded(event, data);
      if (!isPicture(data.frag)) return;
      this.clearTimer();
      this.#forced = -1;
    }

    clearTimer() {
      super.clearTimer();
      clearInterval(this.#checks);
      this.#loading = null;
    }

    /** Is what is on its way still the best thing to wait for? */
    #check() {
      const frag = this.#loading;
      const { hls } = this;
      const over = !frag || !hls || frag.stats.aborted || (frag.stats.loaded > 0 && frag.stats.loaded === frag.stats.total);
      if (over) {
        this.clearTimer();
        return;
      }
      const level = pilot.abandon(frag);
      if (level !== null) this.#abandon(frag, level);
    }

    /**
     * As hls.js does it itself: the lower level is loaded next, whatever comes.
     *
     * @param {Fragment} frag
     * @param {number} level
     */
    #abandon(frag, level) {
      const { hls } = this;
      const { stats } = frag;
      this.clearTimer();
      this.#offered = -1;
      hls.nextAutoLevel = level;
      hls.nextLoadLevel = level;
      frag.abortRequests();
      hls.trigger(Hls.Events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part: null, stats });
    }
  };
}
