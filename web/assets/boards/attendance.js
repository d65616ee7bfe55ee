/** Who was there, when and for how long; of a recording or of a room. */

import { h, setText } from "../dom.js";
import { toast } from "../toast.js";
import * as data from "./data.js";
import { bar, listTable, message, more, section, tableRow } from "./parts.js";
import { together } from "./people.js";
import { count, moment, plural, share, span, who } from "./words.js";

/** @typedef {import("./shapes.js").Person} Person */
/** @typedef {{name: string, number?: boolean, wide?: boolean, of: (person: Person) => string | number}} Column */

/** @type {Column[]} */
const COLUMNS = [
  { name: "Who", wide: true, of: (person) => who(person).toLowerCase() },
  { name: "First there", of: (person) => person.first_at },
  { name: "Last there", of: (person) => person.last_at },
  { name: "Sessions", number: true, of: (person) => person.sessions },
  { name: "Recordings", number: true, of: (person) => person.recordings },
  { name: "Watched", of: (person) => person.watch_s },
];

/**
 * @param {import("./route.js").Route} route
 * @returns {Promise<import("./boards.js").Board>}
 */
export async function roomBoard(route) {
  const body = [await attendance({ room: route.room })];
  return {
    title: route.room,
    up: ["/analytics", "Analytics"],
    facts: ["Attendance of all recordings of this room"],
    body,
  };
}

/** @param {{recording?: string, room?: string}} of */
export async function attendance(of) {
  const from = data.attendancePath(of);
  const first = await data.attendance(from, null);
  let people = together(first.people);
  let anonymous = first.anonymous_sessions;
  if (!people.length && !anonymous) {
    return message(
      "Nobody was there yet",
      "Who watched, when and for how long appears here with the first view. People who are not signed in stay anonymous.",
    );
  }
  const shown = { by: 5, down: true };
  const columns = of.room ? COLUMNS : COLUMNS.filter((column) => column.name !== "Recordings");
  shown.by = columns.length - 1;
  const said = h("p", { class: "board__finding", "aria-live": "polite" });
  const rows = h("tbody", { role: "rowgroup" });
  const heads = columns.map((column, index) => {
    const sort = h("button", { class: "board__sort", type: "button", onclick: () => by(index) }, column.name);
    return h("th", { scope: "col", role: "columnheader", class: column.number ? "board__number" : null }, sort);
  });
  const draw = () => {
    const of = columns[shown.by]?.of ?? (() => 0);
    const sorted = people.toSorted((one, other) => {
      const [a, b] = [of(one), of(other)];
      return (shown.down ? -1 : 1) * (a < b ? -1 : a > b ? 1 : 0);
    });
    const most = Math.max(1, ...people.map((person) => person.watch_s));
    rows.replaceChildren(...sorted.map((person) => tableRow(columns, cells(person, most, columns))));
    for (const [index, head] of heads.entries()) {
      if (index === shown.by) head.setAttribute("aria-sort", shown.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };
  const by = (/** @type {number} */ index) => {
    shown.down = index === shown.by ? !shown.down : index > 0;
    shown.by = index;
    draw();
  };
  draw();
  const table = listTable("Attendance", heads, rows);
  const next = more(first.next_cursor, async (cursor) => {
    const page = await data.attendance(from, cursor);
    people = together([...people, ...page.people]);
    anonymous += page.anonymous_sessions;
    draw();
    setText(said, sentence(people, anonymous, page.next_cursor === null));
    return page.next_cursor;
  });
  const save = h("button", { class: "button", type: "button", onclick: () => void download(from, of) }, "Download CSV");
  setText(said, sentence(people, anonymous, first.next_cursor === null));
  return section("Attendance", { tools: [save] }, said, table, next);
}

/**
 * @param {Person[]} people
 * @param {number} anonymous  sessions of nobody in particular
 * @param {boolean} all
 */
function sentence(people, anonymous, all) {
  const named = people.filter((person) => person.user !== null).length;
  const said = `${plural(people.length, "viewer")}${all ? "" : " so far"}, ${count(named)} by name.`;
  const more = `${plural(anonymous, "session")} more of people who did not want to be counted.`;
  return anonymous ? `${said} ${more}` : said;
}

/**
 * @param {Person} person
 * @param {number} most
 * @param {Column[]} columns
 */
function cells(person, most, columns) {
  const { completion, watch_s: watchS } = person;
  const words = completion === null ? span(watchS) : `${span(watchS)}, ${share(completion)}`;
  const all = [
    h("span", { class: person.user === null ? "board__anonymous" : "" }, who(person)),
    moment(person.first_at),
    moment(person.last_at),
    count(person.sessions),
    count(person.recordings),
    bar(watchS / most, words),
  ];
  return all.filter((_, index) => columns.includes(/** @type {Column} */ (COLUMNS[index])));
}

/**
 * @param {string} from
 * @param {{recording?: string, room?: string}} of
 */
async function download(from, { recording, room }) {
  try {
    const url = URL.createObjectURL(new Blob(await data.attendanceFile(from), { type: "text/csv" }));
    h("a", { href: url, download: `attendance-${(room ?? recording ?? "").replaceAll(/[^\w-]+/g, "_")}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    toast(`The file could not be made. ${/** @type {Error} */ (error).message}`, { kind: "trouble" });
  }
}
