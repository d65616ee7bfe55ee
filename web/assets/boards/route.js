/** Which board an address is, and for which days. Pure. */

/** @typedef {"today" | "7" | "28" | "90"} Period */
/**
 * @typedef {object} Route
 * @property {"overview" | "live" | "recording" | "session" | "room"} board
 * @property {string} recording
 * @property {string} session
 * @property {string} room
 * @property {Period} period
 * @property {"report" | "sessions" | "people"} part  of a recording's board
 * @property {string | null} owner                   an admin may look at one publisher's
 */

/** @type {[Period, string][]} */
export const PERIODS = [
  ["today", "Today"],
  ["7", "7 days"],
  ["28", "28 days"],
  ["90", "90 days"],
];
const DAY_MS = 86_400_000;
/** A single day is drawn among so many. */
const SHOWN_DAYS = 14;

/**
 * @param {string} path
 * @param {string} search
 * @returns {Route}
 */
export function route(path, search = "") {
  const query = new URLSearchParams(search);
  const [, board = "", name = "", , session = ""] = path.split("/").slice(1).map(decodeURIComponent);
  const given = query.get("days");
  const show = query.get("show");
  return {
    board: session
      ? "session"
      : board === "recordings"
        ? "recording"
        : board === "rooms"
          ? "room"
          : board === "live"
            ? "live"
            : "overview",
    recording: board === "recordings" ? name : "",
    session,
    room: board === "rooms" ? name : "",
    period: PERIODS.find(([period]) => period === given)?.[0] ?? "7",
    part: show === "sessions" || show === "people" ? show : "report",
    owner: query.get("owner"),
  };
}

/**
 * @param {Partial<Route> & {board: Route["board"]}} to
 * @returns {string} the address of a board
 */
export function path({ board, recording = "", session = "", room = "", period = "7", part = "report", owner = null }) {
  const one = `/recordings/${encodeURIComponent(recording)}`;
  const below = {
    overview: "",
    live: "/live",
    recording: one,
    session: `${one}/sessions/${encodeURIComponent(session)}`,
    room: `/rooms/${encodeURIComponent(room)}`,
  }[board];
  const query = new URLSearchParams();
  if (period !== "7" && (board === "overview" || board === "recording")) query.set("days", period);
  if (part !== "report" && board === "recording") query.set("show", part);
  if (owner !== null) query.set("owner", owner);
  return `/analytics${below}${query.size ? `?${query}` : ""}`;
}

/** @param {number} ms */
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);

/**
 * The days of a period, UTC as the sums are, and those before them: as many, or for one day what it is drawn among.
 *
 * @param {Period} period
 * @param {number} nowMs
 */
export function range(period, nowMs) {
  const length = period === "today" ? 1 : Number(period);
  const from = nowMs - (length - 1) * DAY_MS;
  return {
    length,
    from: iso(from),
    to: iso(nowMs),
    before: { from: iso(from - (length === 1 ? SHOWN_DAYS - 1 : length) * DAY_MS), to: iso(from - DAY_MS) },
    words: length === 1 ? "yesterday" : `the ${length} days before`,
  };
}
