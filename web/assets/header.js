/** The right end of the page header: who is signed in, and the way out. */

import { h, need } from "./dom.js";
import * as session from "./session.js";

/** Draw it for the session as it is now. */
export function showAccount() {
  const current = session.current();
  const signOut = () => {
    session.signOut();
    location.assign("/");
  };
  need("#account").replaceChildren(
    ...(current
      ? [
          h("span", { class: "account__name" }, current.user, h("span", { class: "account__role" }, current.role)),
          h("button", { class: "button button--quiet", type: "button", onclick: signOut }, "Sign out"),
        ]
      : []),
  );
}
