/** Several recordings or streams on one page: chosen, laid out, and played as one. */

import { h, need, setText } from "../dom.js";
import { signedIn } from "../guard.js";
import { showHeader } from "../header.js";
import * as session from "../session.js";
import { Bar } from "./bar.js";
import { chooser } from "./chooser.js";
import { Controls } from "./controls.js";
import { Ensemble } from "./ensemble.js";
import { LinkShare } from "./link-share.js";
import { read } from "./query.js";
import { Strand } from "./strand.js";
import { Tile } from "./tile.js";

/** @typedef {import("./controls.js").Layout} Layout */

/** How much the large picture matters beside the others, when the link is divided. */
const WEIGHTS = { side: 1, focus: 4, inset: 6 };
const SHOW_MS = 250;

const main = need("#together");

class Together {
  /** @type {Layout} */
  #layout = "side";
  /** The large one. */
  #main = 0;
  #muted = false;

  /**
   * @param {import("./strand.js").Wanted[]} wanted
   * @param {boolean} offsetsGiven
   */
  constructor(wanted, offsetsGiven) {
    this.tiles = wanted.map((_, n) => new Tile(n + 1, { listen: () => this.listen(n), enlarge: () => this.enlarge(n) }));
    this.strands = wanted.map((one, n) => new Strand(one, /** @type {Tile} */ (this.tiles[n]).video));
    this.ensemble = new Ensemble(this.strands, offsetsGiven);
    this.share = new LinkShare(this.ensemble);
    this.bar = new Bar(this.ensemble);
    this.grid = h("div", { class: "together__grid", "data-count": this.tiles.length }, ...this.tiles.map(({ element }) => element));
    this.controls = new Controls(this.ensemble, {
      layout: () => this.#layout,
      arrange: (layout) => this.arrange(layout),
      enlarge: (number) => this.enlarge(number),
      listen: (number) => this.listen(number),
      fullscreen: () => this.#fullscreen(),
      loudness: (level, muted) => this.#loudness(level, muted),
    });
    this.title = h("h1", { class: "page-title together__title" }, "Watch together");
    this.stage = h("div", { class: "together__stage" }, this.grid, this.bar.element, this.controls.row(this.bar.time));
    const layouts = h("div", { class: "together__layouts", role: "group", "aria-label": "Layout" }, ...this.controls.layouts);
    main.replaceChildren(h("div", { class: "together__top" }, this.title, this.controls.status, layouts), this.stage);
    main.dataset.view = "playing";
  }

  start() {
    this.ensemble.addEventListener("change", () => this.#show());
    this.arrange("side");
    this.listen(0);
    for (const strand of this.strands) {
      strand.addEventListener("change", () => this.#onRefused(strand));
      strand.start();
    }
    setInterval(() => this.#show(), SHOW_MS);
  }

  /** @param {Layout} layout */
  arrange(layout) {
    this.#layout = layout;
    this.grid.dataset.layout = layout;
    this.share.weigh(this.strands.map((_, n) => (n === this.#main ? WEIGHTS[layout] : 1)));
    this.#show();
  }

  /** The one that is large already goes back among the others. @param {number} number */
  enlarge(number) {
    const again = this.#layout !== "side" && number === this.#main;
    this.#main = number;
    this.arrange(again ? "side" : this.#layout === "side" ? "focus" : this.#layout);
  }

  /** @param {number} number */
  listen(number) {
    this.ensemble.listen(number);
    this.#loudness(this.tiles[number]?.video.volume ?? 1, this.#muted);
  }

  /**
   * @param {number} level
   * @param {boolean} muted
   */
  #loudness(level, muted) {
    this.#muted = muted;
    this.tiles.forEach(({ video }, n) => {
      video.volume = level;
      video.muted = muted || n !== this.ensemble.leader;
    });
  }

  #fullscreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.stage.requestFullscreen?.();
  }

  /** Who is not signed in may be let in with a sign-in. @param {Strand} strand */
  #onRefused(strand) {
    if (!strand.unknown || session.current()) return;
    this.ensemble.stop();
    this.share.stop();
    void signedIn().then(() => location.reload());
  }

  #show() {
    const { ensemble } = this;
    const names = this.strands.map(({ title }, n) => title || `Stream ${n + 1}`);
    setText(this.title, this.strands.every(({ title }) => title) ? names.join(" · ") : "Watch together");
    const waitsFor = ensemble.laggards.map((strand) => names[this.strands.indexOf(strand)]).join(" and ");
    this.controls.show(waitsFor);
    this.bar.show(names);
    this.tiles.forEach((tile, n) => {
      const enlarged = this.#layout !== "side" && n === this.#main;
      tile.show(ensemble, /** @type {Strand} */ (this.strands[n]), enlarged);
    });
  }
}

/** @param {Together | null} page */
function publish(page) {
  const hooks = {
    get phase() {
      return page ? page.ensemble.state : "choosing";
    },
    get drifts() {
      return page?.ensemble.drifts ?? [];
    },
    get levels() {
      return page?.strands.map(({ player }) => player?.loadedLevel ?? -1) ?? [];
    },
    get errors() {
      return page?.strands.flatMap(({ player }) => player?.errorPolicy.errors ?? []) ?? [];
    },
    get together() {
      return page;
    },
  };
  Object.defineProperty(window, "headwater", { value: Object.freeze(hooks) });
}

async function open() {
  showHeader("");
  const { room, wanted, offsetsGiven, problem } = read(location.search);
  if (wanted.length && problem === null) {
    const page = new Together(wanted, offsetsGiven);
    publish(page);
    page.start();
    return;
  }
  publish(null);
  await signedIn();
  showHeader("recordings");
  try {
    main.replaceChildren(await chooser(room, problem));
    main.dataset.view = "choosing";
  } catch (error) {
    const words = error instanceof Error ? error.message : "";
    const again = h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again");
    main.replaceChildren(h("div", { class: "empty" }, h("h1", { class: "empty__title" }, "This did not work"), h("p", { class: "empty__text" }, words), again));
  }
}

void open();
