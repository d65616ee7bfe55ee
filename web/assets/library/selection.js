/** Several recordings at once: the boxes beside the rows and the bar that says what can be done with them. */

import { h, need } from "../dom.js";

/** @typedef {import("./row.js").Row} Row */

/** The page that plays several takes so many. */
const MOST_TOGETHER = 4;

export class Selection {
  #bar = need("#selection");
  #button = need("#select");
  #list = need("#library");

  /**
   * @param {() => Row[]} rows
   * @param {(rows: Row[]) => void} onDelete
   */
  constructor(rows, onDelete) {
    this.rows = rows;
    this.onDelete = onDelete;
    this.#button.onclick = () => this.#turn(!this.on);
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.on && !document.querySelector("dialog[open], :popover-open")) this.#turn(false);
    });
  }

  get on() {
    return this.#button.getAttribute("aria-pressed") === "true";
  }

  /** @param {boolean} on */
  #turn(on) {
    this.#button.setAttribute("aria-pressed", String(on));
    this.#list.toggleAttribute("data-selecting", on);
    if (!on) for (const row of this.rows()) row.picked = false;
    this.update();
  }

  update() {
    const picked = this.on ? this.rows().filter((row) => row.picked) : [];
    this.#bar.hidden = !this.on;
    const together = picked.length >= 2 && picked.length <= MOST_TOGETHER;
    const ids = picked.map(({ id }) => encodeURIComponent(id)).join(",");
    const watch = together
      ? h("a", { class: "button button--primary", href: `/together?recordings=${ids}` }, "Watch together")
      : h("button", { class: "button", type: "button", disabled: true, title: `Choose two to ${MOST_TOGETHER}` }, "Watch together");
    const remove = () => this.onDelete(picked);
    const said = picked.length === 0 ? "Choose recordings" : picked.length === 1 ? "1 chosen" : `${picked.length} chosen`;
    this.#bar.replaceChildren(
      h("p", { class: "selection__count", role: "status" }, said),
      watch,
      h("button", { class: "button", type: "button", disabled: picked.length === 0, onclick: remove }, "Delete"),
      h("button", { class: "button button--quiet", type: "button", onclick: () => this.#turn(false) }, "Done"),
    );
  }
}
