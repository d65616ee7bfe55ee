/** The analytics pages: which board the address asks for, for which days, and moving between them. */

import { ApiError } from "../api.js";
import { h, need } from "../dom.js";
import { signedIn, signedInAgain } from "../guard.js";
import { showHeader } from "../header.js";
import { roomBoard } from "./attendance.js";
import { liveBoard } from "./live.js";
import * as overview from "./overview.js";
import { clearCharts, failure, skeleton } from "./parts.js";
import { recordingBoard } from "./recording.js";
import { PERIODS, path, route } from "./route.js";
import { sessionBoard } from "./session.js";

/** @typedef {import("./route.js").Route} Route */
/**
 * @typedef {object} Board
 * @property {string} title
 * @property {[string, string] | null} [up]  address and name of the board above
 * @property {(Node | string)[]} facts       under the title
 * @property {Node[]} body
 * @property {() => void} [ended]            when another takes its place
 */
/** @typedef {(route: Route) => Promise<Board>} Maker */

/** @type {Record<Route["board"], {make: Maker, shape: string[], name: string}>} */
const BOARDS = {
  overview: { make: overview.overview, shape: overview.SHAPE, name: "Analytics" },
  live: { make: liveBoard, shape: ["title", "list"], name: "Live now" },
  recording: {
    make: recordingBoard,
    shape: ["figures", "chart", "title", "chart", "title", "ledger"],
    name: "Analytics",
  },
  session: { make: sessionBoard, shape: ["figures", "chart", "chart", "list"], name: "Session" },
  room: { make: roomBoard, shape: ["title", "list"], name: "Attendance" },
};
const PARTS = /** @type {const} */ ([
  ["report", "Report"],
  ["sessions", "Sessions"],
  ["people", "People"],
]);
/** @type {[Partial<Route>, string][]} */
const PLACES = [
  [{ board: "overview" }, "Overview"],
  [{ board: "live" }, "Live now"],
];

const top = need("#board-top");
const body = need("#board-body");
let turn = 0;
let shown = "";
/** @type {(() => void) | undefined} */
let ended;

const here = () => route(location.pathname, location.search);

/**
 * @param {Route} now
 * @param {Board | null} board  null while it is loading
 */
function head(now, board) {
  const up = board ? board.up : above(now);
  const title = board?.title ?? BOARDS[now.board].name;
  document.title = `${title} · Headwater`;
  const periods = now.board === "overview" || (now.board === "recording" && now.part === "report");
  top.replaceChildren(
    ...[
      up ? h("p", { class: "board__up" }, h("a", { href: up[0] }, up[1])) : null,
      h(
        "div",
        { class: "board__top-row" },
        h("h1", { class: "board__name", id: "board-name", tabindex: -1 }, title),
        periods ? periodChoices(now) : null,
      ),
      h("p", { class: "board__facts" }, ...(board?.facts ?? ["\u00a0"]).map((fact) => h("span", {}, fact))),
      tabs(now),
    ].filter((part) => part !== null),
  );
}

/**
 * What is above a board that is still on its way: a line that comes later would push all down.
 *
 * @param {Route} now
 * @returns {[string, string] | null}
 */
function above({ board, recording }) {
  if (board === "session") return [path({ board: "recording", recording, part: "sessions" }), "Sessions"];
  return board === "recording" || board === "room" ? ["/analytics", "Analytics"] : null;
}

/** @param {Route} now */
const periodChoices = (now) =>
  h(
    "nav",
    { class: "board__choices", "aria-label": "Days" },
    ...PERIODS.map(([period, words]) => choice(path({ ...now, period }), words, period === now.period)),
  );

/** @param {Route} now */
function tabs(now) {
  /** @type {[Partial<Route>, string][] | null} */
  const all =
    now.board === "recording"
      ? PARTS.map(([part, words]) => [{ part }, words])
      : now.board === "overview" || now.board === "live"
        ? PLACES
        : null;
  if (!all) return null;
  const links = all.map(([change, words]) => {
    const to = { ...now, ...change };
    return choice(path(to), words, to.board === now.board && to.part === now.part, "tabs__tab");
  });
  return h("nav", { class: "tabs board__tabs", "aria-label": "Boards" }, ...links);
}

/**
 * @param {string} href
 * @param {string} words
 * @param {boolean} current
 * @param {string | null} kind
 */
const choice = (href, words, current, kind = null) =>
  h("a", { class: kind, href, "aria-current": current ? "page" : null }, words);

/** @param {string} selector */
function focus(selector) {
  const found = top.querySelector(selector);
  if (found instanceof HTMLElement) found.focus({ preventScroll: true });
}

/** Draw the board of the address. */
async function show() {
  const now = here();
  const mine = (turn += 1);
  const { make, shape } = BOARDS[now.board];
  const same = `${now.board} ${now.recording} ${now.session} ${now.room} ${now.part}`;
  body.setAttribute("aria-busy", "true");
  if (same !== shown) {
    head(now, null);
    body.replaceChildren(skeleton(now.part === "report" ? shape : ["title", "list"]));
  }
  shown = same;
  /** @type {Board} */
  let board;
  try {
    board = await make(now);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      await signedInAgain();
      return show();
    }
    board = { title: BOARDS[now.board].name, up: above(now), facts: [], body: [failure(error, () => void show())] };
  }
  if (mine !== turn) {
    board.ended?.();
    return;
  }
  ended?.();
  clearCharts(board.body);
  ended = board.ended;
  const focused = document.activeElement?.closest("nav")?.getAttribute("aria-label");
  head(now, board);
  if (focused) focus(`nav[aria-label="${focused}"] [aria-current]`);
  body.replaceChildren(...board.body);
  body.setAttribute("aria-busy", "false");
}

/** @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.origin !== location.origin || !/^\/analytics(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  const away = link.pathname !== location.pathname;
  history.pushState(null, "", link.href);
  void show().then(() => {
    if (!away) return;
    scrollTo(0, 0);
    focus("#board-name");
  });
}

async function open() {
  showHeader("analytics");
  await signedIn();
  document.addEventListener("click", follow);
  addEventListener("popstate", () => void show());
  await show();
}

void open();
