/** Who was there, when and for how long; of a recording or of a room. */

import { h } from "../dom.js";
import { toast } from "../toast.js";
import * as data from "./data.js";
import { bar, listTable, message, section, tableRow } from "./parts.js";
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
  const people = [...first.people];
  if (!people.length) {
    return message(
      "Nobody was there yet",
      "Who watched, when and for how long appears here with the first view. People who are not signed in stay anonymous.",
    );
  }
  const shown = { by: 5, down: true };
  const columns = of.room ? COLUMNS : COLUMNS.filter((column) => column.name !== "Recordings");
  shown.by = columns.length - 1;
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
  const more = moreButton(from, first.next_cursor, (next) => {
    people.push(...next);
    draw();
  });
  const save = h("button", { class: "button", type: "button", onclick: () => void download(from, of) }, "Download CSV");
  return section("Attendance", { text: sentence(first, people), tools: [save] }, table, more);
}

/**
 * @param {import("./shapes.js").Attendance} page
 * @param {Person[]} people
 */
function sentence({ anonymous_sessions: anonymous, next_cursor: next }, people) {
  const named = people.filter((person) => person.user !== null).length;
  const said = `${plural(people.length, "viewer")}${next === null ? "" : " so far"}, ${count(named)} by name.`;
  return anonymous ? `${said} ${plural(anonymous, "session")} of people who were not signed in.` : said;
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
 * @param {string | null} first
 * @param {(people: Person[]) => void} found
 */
function moreButton(from, first, found) {
  let cursor = first;
  const more = h("button", { class: "button board__more", type: "button" }, "Show more");
  more.hidden = cursor === null;
  more.addEventListener("click", async () => {
    const next = await data.attendance(from, cursor);
    cursor = next.next_cursor;
    more.hidden = cursor === null;
    found(next.people);
  });
  return more;
}

/**
 * @param {string} from
 * @param {{recording?: string, room?: string}} of
 */
async function download(from, { recording, room }) {
  try {
    const url = URL.createObjectURL(await data.attendanceFile(from));
    h("a", { href: url, download: `attendance-${(room ?? recording ?? "").replaceAll(/[^\w-]+/g, "_")}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    toast(`The file could not be made. ${/** @type {Error} */ (error).message}`);
  }
}
