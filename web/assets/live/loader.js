/** hls.js's playlist loader: waits for announcements as if the server blocked, and asks the CDN when they stay away. */

import Hls from "../../vendor/hls.js-1.7.4/hls.min.mjs";

/** @typedef {import("./feed.js").LiveFeed} LiveFeed */
/** @typedef {import("./playlist-text.js").Kind} Kind */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").PlaylistLoaderContext} Context */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").LoaderConfiguration} LoaderConfiguration */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").LoaderCallbacks<Context>} Callbacks */
/** @typedef {import("../../vendor/hls.js-1.7.4/hls.min.mjs").LoaderStats} Stats */
/** @typedef {{code: number, text: string}} Failure */

const BaseLoader = Hls.DefaultConfig.loader;
/** Fetches that may fail in a row before hls.js is told: its way out is another rung, and there is nothing wrong with this one. */
const PATIENCE = 5;
const DIRECTIVES = ["_HLS_msn", "_HLS_part", "_HLS_skip"];

/** @type {Record<string, Kind>} */
const KINDS = { level: "video", audioTrack: "audio" };

/** @param {string} address  with the directives of a server that blocks, which the CDN does not */
function plain(address) {
  const url = new URL(address);
  for (const name of DIRECTIVES) url.searchParams.delete(name);
  return url.href;
}

/** @param {Failure} failure */
const passes = ({ code }) => code === 0 || code >= 500;

/**
 * @param {LiveFeed} feed
 * @returns {any}  a class, as hls.js's `pLoader`
 */
export function pushedLoader(feed) {
  return class {
    /** @type {Context | null} */
    context = null;
    #over = new AbortController();
    #failures = 0;

    /** @param {import("../../vendor/hls.js-1.7.4/hls.min.mjs").HlsConfig} config */
    constructor(config) {
      this.config = config;
      this.base = new BaseLoader(config);
      /** @type {Stats} */
      this.stats = this.base.stats;
    }

    /**
     * @param {Context} context
     * @param {LoaderConfiguration} config
     * @param {Callbacks} callbacks
     */
    load(context, config, callbacks) {
      this.context = context;
      const kind = KINDS[context.type];
      if (kind) void this.#follow(context, kind, config, callbacks);
      else this.base.load(context, config, /** @type {any} */ (callbacks));
    }

    abort() {
      this.#over.abort();
      this.base.abort();
    }

    destroy() {
      this.#over.abort();
      this.base.destroy();
    }

    getCacheAge() {
      return null;
    }

    /** @param {string} name */
    getResponseHeader(name) {
      return this.base.getResponseHeader?.(name) ?? null;
    }

    /**
     * @param {Context} context
     * @param {Kind} kind
     * @param {LoaderConfiguration} config
     * @param {Callbacks} callbacks
     */
    async #follow(context, kind, config, callbacks) {
      const { signal } = this.#over;
      const wanted = context.deliveryDirectives?.msn;
      let text = feed.answer(kind, wanted);
      while (text === null && !signal.aborted) {
        const waitMs = wanted === undefined ? 0 : feed.dueMs(kind) - performance.now();
        if (waitMs > 0) await feed.change(waitMs, signal);
        else if (!(await this.#poll(context, kind, config, callbacks))) return;
        text = feed.answer(kind, wanted) ?? (wanted === undefined ? feed.textOf(kind) : null);
      }
      if (text !== null && !signal.aborted) this.#succeed(context, text, callbacks);
    }

    /**
     * Ask the CDN once.
     *
     * @param {Context} context
     * @param {Kind} kind
     * @param {LoaderConfiguration} config
     * @param {Callbacks} callbacks
     * @returns {Promise<boolean>} false when hls.js was told of a failure, or the load is over
     */
    #poll(context, kind, config, callbacks) {
      this.base = new BaseLoader(this.config);
      return new Promise((resolve) => {
        const failed = (/** @type {Failure} */ failure, /** @type {() => void} */ tell) => {
          feed.missed(kind);
          this.#failures += 1;
          const patient = passes(failure) && context.deliveryDirectives?.msn !== undefined && this.#failures < PATIENCE;
          if (!patient) tell();
          resolve(patient);
        };
        this.#over.signal.addEventListener("abort", () => resolve(false));
        this.base.load({ ...context, url: plain(context.url) }, config, {
          onSuccess: (response) => {
            feed.adopt(kind, String(response.data));
            resolve(true);
          },
          onError: (error, _context, details, stats) =>
            failed(error, () => callbacks.onError(error, context, details, stats)),
          onTimeout: (stats, _context, details) =>
            failed({ code: 0, text: "" }, () => callbacks.onTimeout(stats, context, details)),
        });
      });
    }

    /**
     * @param {Context} context
     * @param {string} text
     * @param {Callbacks} callbacks
     */
    #succeed(context, text, callbacks) {
      const now = performance.now();
      Object.assign(this.stats, { loaded: text.length, total: text.length, loading: { start: now, first: now, end: now } });
      callbacks.onSuccess({ url: plain(context.url), data: text, code: 200 }, this.stats, context, null);
    }
  };
}
