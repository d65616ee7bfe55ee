/** The player alone, for a frame in somebody else's page. Nobody signs in here: a frame cannot show whose page it is in. */

import { h } from "./dom.js";
import { publishHooks } from "./hooks.js";
import { momentOf } from "./remember.js";
import { Theatre } from "./theatre.js";
import { erroredPanel, missingPanel } from "./watch-panels.js";

/** @typedef {import("./api.js").ApiError} ApiError */

const recordingId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const query = new URLSearchParams(location.search);
const grant = query.get("grant");
const on = (/** @type {string} */ name) => ["", "1", "true"].includes(query.get(name) ?? "no");

const pageUrl = `/watch/${encodeURIComponent(recordingId)}${grant ? `?${new URLSearchParams({ grant })}` : ""}`;
const outside = { target: "_blank", rel: "noopener" };
const title = h("a", { class: "embed__title", href: pageUrl, ...outside }, "Headwater");
const watching = h("span", { class: "embed__watching", id: "watching", hidden: true });

const theatre = new Theatre({
  recordingId,
  grant,
  autoplay: on("autoplay"),
  startS: momentOf(query.get("t")),
  onProgress: (progress) => {
    title.textContent = progress.title;
    document.title = `${progress.title} · Headwater`;
  },
  onRefused: refused,
});

/** @param {ApiError} error */
function refused(error) {
  if (error.status === 401 || error.status === 403) {
    theatre.phase = "signed-out";
    theatre.stage.showPanel({
      title: grant ? "This link no longer works" : "This recording is private",
      text: grant ? "Whoever put it here can make a new one." : "Whoever may watch it can do so on its own page.",
      code: error.code === "unauthorized" ? "" : error.code,
      body: h("a", { class: "button", href: pageUrl, ...outside }, "Open its page"),
    });
  } else if (error.status === 404) {
    theatre.phase = "missing";
    theatre.stage.showPanel(missingPanel(error.code));
  } else {
    theatre.phase = "errored";
    theatre.stage.showPanel(erroredPanel({ code: error.code, detail: error.message }));
  }
}

theatre.controller.after(h("div", { class: "embed__top" }, h("h1", { class: "embed__name" }, title), watching));
if (on("muted")) theatre.video.muted = true;
publishHooks(theatre);
theatre.start();
