/** Keeps console pages for people who are signed in. */

import { h, need } from "./dom.js";
import { showAccount } from "./header.js";
import * as session from "./session.js";
import { signInForm } from "./sign-in.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * The session; when there is none, the sign-in stands in `<main>`'s place until there is one.
 *
 * @returns {Promise<Session>}
 */
export async function signedIn() {
  showAccount();
  const known = session.current();
  if (known) return known;
  const main = need("main");
  const gate = h("main", { class: "gate" });
  main.hidden = true;
  main.after(gate);
  return new Promise((resolve) => {
    const done = () => {
      const current = session.current();
      if (!current) return;
      gate.remove();
      main.hidden = false;
      showAccount();
      resolve(current);
    };
    void signInForm(done).then((form) => {
      gate.append(
        h("h1", { class: "gate__title" }, "Sign in"),
        h("p", { class: "gate__text" }, "Your recordings, streams and figures are behind it."),
        form,
      );
    });
  });
}
