/** The player page: a recording or a stream, for whoever may watch it. */

import * as api from "./api.js";
import { Details } from "./details.js";
import { h, need } from "./dom.js";
import { showHeader } from "./header.js";
import { publishHooks } from "./hooks.js";
import { keysHelp } from "./keys-help.js";
import { momentOf } from "./remember.js";
import * as session from "./session.js";
import { signInForm } from "./sign-in.js";
import { StatsPanel } from "./stats-panel.js";
import { Theatre } from "./theatre.js";
import { erroredPanel, missingPanel, privatePanel } from "./watch-panels.js";

const recordingId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const query = new URLSearchParams(location.search);
const grant = query.get("grant");

const details = new Details();
const theatre = new Theatre({
  recordingId,
  grant,
  startS: momentOf(query.get("t")),
  onProgress: (progress) => details.showProgress(progress),
  onRefused: (error) => void refused(error),
});

function start() {
  showHeader("");
  theatre.start();
  void loadRecording();
}

/** Title and owner are for those who may read the recording; a link's viewer does without. */
async function loadRecording() {
  if (!session.current()) return;
  try {
    const recording = await api.recording(recordingId);
    details.showRecording(recording);
    need("#manage").replaceChildren(h("a", { class: "button button--small", href: `/recordings/${encodeURIComponent(recordingId)}` }, "Manage"));
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
  }
}

/** @param {api.ApiError} error */
async function refused(error) {
  if (error.status === 401 || error.status === 403) {
    await signIn(error);
  } else if (error.status === 404) {
    theatre.phase = "missing";
    theatre.stage.showPanel(missingPanel(error.code));
  } else {
    theatre.phase = "errored";
    theatre.stage.showPanel(erroredPanel({ code: error.code, detail: error.message }));
  }
}

/** @param {api.ApiError} error */
async function signIn(error) {
  session.signOut(); // whatever token we had was not good enough
  showHeader("");
  const body = await signInForm(start);
  theatre.phase = "signed-out";
  theatre.stage.showPanel(privatePanel(grant !== null, error.code, body));
}

new StatsPanel(() => theatre.player);
need("#keys").addEventListener("click", keysHelp());
publishHooks(theatre);
start();
