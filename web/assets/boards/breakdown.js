/** For whom it went how: by network, device and country, and the rungs they were shown. */

import { h } from "../dom.js";
import { bar, empty, section, table } from "./parts.js";
import { country, count, named, score, share, span } from "./words.js";

/** @typedef {import("./shapes.js").RecordingReport} RecordingReport */
/** @typedef {import("./shapes.js").Group} Group */

/** @type {import("./parts.js").Column[]} */
const COLUMNS = [
  { name: "", wide: true },
  { name: "Watch time" },
  { name: "Views", number: true },
  { name: "Rebuffering", number: true },
  { name: "Went well", number: true },
  { name: "QoE", number: true },
];
/** Fewer tell too little to point at. */
const ENOUGH = 5;
const POOR = 0.8;
const UNKNOWN = "unknown";

/** @param {RecordingReport} report */
export function groups({ networks, devices, countries }) {
  const all = [...networks.map(naming(named)), ...devices.map(naming(named)), ...countries.map(naming(country))];
  return section(
    "For whom",
    {
      text: `${outlier(all)} A network's name says what it carried, not what it was.`.trim(),
    },
    h(
      "div",
      { class: "board__groups" },
      dimension("Network", networks, named, "What networks carried is judged from the segments that players fetched."),
      dimension("Device", devices, named, "The kind of device appears once players have told it."),
      dimension(
        "Country",
        countries,
        country,
        "Countries are known only where the CDN tells them; viewers' addresses are not kept.",
      ),
    ),
  );
}

/** @param {(name: string) => string} words */
const naming = (words) => (/** @type {Group} */ group) => ({ ...group, name: words(group.name) });

/**
 * Who had it worst, if anybody had it bad.
 *
 * @param {Group[]} all
 */
function outlier(all) {
  const known = all.filter(({ good_share: good, sessions }) => good !== null && good < POOR && sessions >= ENOUGH);
  const worst = known.toSorted((one, other) => (one.good_share ?? 0) - (other.good_share ?? 0))[0];
  return worst
    ? `It went worst on ${worst.name}: well for ${share(worst.good_share)} of ${count(worst.sessions)} sessions.`
    : "";
}

/**
 * @param {string} name
 * @param {Group[]} found
 * @param {(name: string) => string} words
 * @param {string} absent
 */
function dimension(name, found, words, absent) {
  const known = found.some((group) => group.name !== UNKNOWN);
  const most = Math.max(1, ...found.map((group) => group.watch_s));
  const columns = COLUMNS.map((column, index) => (index ? column : { ...column, name }));
  const rows = found.map((group) => [
    words(group.name),
    bar(group.watch_s / most, span(group.watch_s)),
    count(group.views),
    share(group.rebuffer_ratio),
    share(group.good_share),
    score(group.qoe),
  ]);
  return h("div", { class: "board__group" }, known ? table(`By ${name.toLowerCase()}`, columns, rows) : empty(absent));
}

/** @param {RecordingReport} report */
export function rungs({ rungs: found }) {
  if (!found.length)
    return section("What they were shown", {}, empty("Rungs appear here once players have told what they showed."));
  const shades = found.length > 1 ? found.map((_, index) => 0.25 + (0.75 * index) / (found.length - 1)) : [1];
  const pieces = found.map(({ rung, share: part }, index) => {
    const piece = h("span", { class: "board__rung", title: `${rung}: ${share(part)}` });
    piece.style.flexGrow = String(part);
    piece.style.opacity = String(shades[index]);
    return piece;
  });
  const rows = found.map(({ rung, share: part, watch_s: watchS }, index) => {
    const swatch = h("span", {
      class: "board__swatch board__swatch--bars board__swatch--river",
      "aria-hidden": "true",
    });
    swatch.style.opacity = String(shades[index]);
    return h(
      "li",
      {},
      swatch,
      h("span", { class: "board__rung-name" }, rung),
      h("b", {}, share(part)),
      h("span", {}, span(watchS)),
    );
  });
  return section(
    "What they were shown",
    { text: "Rungs by how much of the picture was fetched in them." },
    h("div", { class: "board__rungs", "aria-hidden": "true" }, ...pieces),
    h("ul", { class: "board__rung-list" }, ...rows),
  );
}
