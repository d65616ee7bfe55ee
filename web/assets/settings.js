/** Settings: who one is, how it looks, how it plays, what is counted, and erasing what was. */

import { address, ApiError, call } from "./api.js";
import { confirm } from "./confirm.js";
import { h, need, setText } from "./dom.js";
import { when } from "./format.js";
import { signedIn, signedInAgain } from "./guard.js";
import { showHeader } from "./header.js";
import { prefer, preferences } from "./preferences.js";
import * as session from "./session.js";

/** Calls that one click may take: each erases a bounded number of sessions. */
const MOST_CALLS = 200;

/** @param {[string, string][]} facts */
function rows(facts) {
  return facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

function showChoices() {
  const { theme, dataSaver, capHeight, counted } = preferences();
  const radio = /** @type {HTMLInputElement} */ (need(`#theme input[value="${theme}"]`));
  radio.checked = true;
  /** @type {HTMLInputElement} */ (need("#saver")).checked = dataSaver;
  /** @type {HTMLInputElement} */ (need("#counted")).checked = counted;
  const cap = /** @type {HTMLSelectElement} */ (need("#cap"));
  cap.value = String(capHeight);
  if (cap.selectedIndex < 0) cap.value = "0";
}

function listen() {
  need("#theme").addEventListener("change", (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    prefer({ theme: value === "light" || value === "dark" ? value : "system" });
  });
  const saver = /** @type {HTMLInputElement} */ (need("#saver"));
  saver.onchange = () => prefer({ dataSaver: saver.checked });
  const cap = /** @type {HTMLSelectElement} */ (need("#cap"));
  cap.onchange = () => prefer({ capHeight: Number(cap.value) });
  const counted = /** @type {HTMLInputElement} */ (need("#counted"));
  counted.onchange = () => prefer({ counted: counted.checked });
  need("#sign-out").onclick = () => void session.leave();
  need("#erase").onclick = () => void erase();
  addEventListener("storage", showChoices);
}

/** @param {string} user @returns {Promise<{erased_sessions: number, pending: boolean}>} */
async function eraseSome(user) {
  return (await call("DELETE", address(`/users/${encodeURIComponent(user)}/data`))).json();
}

async function erase() {
  const sure = await confirm({
    title: "Erase what you watched?",
    text: "Your sessions and your name among the viewers are deleted for good, on every recording, also for its owner.",
    action: "Erase",
    danger: true,
  });
  if (!sure) return;
  const button = /** @type {HTMLButtonElement} */ (need("#erase"));
  const said = need("#erased");
  button.disabled = true;
  setText(said, "Erasing.");
  let erased = 0;
  try {
    for (let made = 0; made < MOST_CALLS; made += 1) {
      const current = session.current() ?? (await signedInAgain());
      const answer = await eraseSome(current.user);
      erased += answer.erased_sessions;
      if (!answer.pending) break;
      setText(said, `Erasing. ${erased} sessions so far.`);
    }
    setText(said, erased === 1 ? "1 session was erased." : `${erased} sessions were erased.`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(said, `${error.message} (${error.code})`);
  } finally {
    button.disabled = false;
  }
}

async function open() {
  showHeader("settings");
  const { user, role, expires_at: expires } = await signedIn();
  showChoices();
  listen();
  need("#account").replaceChildren(
    ...rows([
      ["User", user],
      ["Role", role],
      ["Signed in until", when(expires)],
    ]),
  );
  const { stage, version, auth } = await session.stageConfig();
  need("#about").replaceChildren(
    ...rows([
      ["Version", version],
      ["Stage", stage],
      ["Sign-in", auth.dev ? "Development issuer of this machine" : auth.authority],
    ]),
  );
}

void open();
