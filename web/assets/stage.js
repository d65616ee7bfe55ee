/** What lies over the picture: a panel instead of the player, or a short notice on top of it. */

import { h, need, setText } from "./dom.js";

const NOTICE_MS = 6000;

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} [text]
 * @property {string} [code]                stable error code, shown small
 * @property {number} [percent]             draws one bar
 * @property {string} [remark]              beside the bar, as it changes
 * @property {HTMLElement} [body]           a form, a button, a list that its maker keeps up to date
 */

export class Stage {
  #stage = need("#stage");
  #panel = need("#panel");
  #notice = need("#notice");
  /** What the panel shows, so that polling does not rebuild it. */
  #shown = "";
  /** @type {HTMLElement | undefined} */
  #body;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Panel} panel */
  showPanel(panel) {
    const { title, text = "", code = "", percent, remark = "", body } = panel;
    const shape = JSON.stringify([title, text, code, percent === undefined]);
    this.#stage.dataset.view = "panel";
    if (body !== this.#body || shape !== this.#shown) {
      this.#shown = shape;
      this.#body = body;
      this.#panel.replaceChildren(
        ...[
          h("h2", { class: "panel__title" }, title),
          text && h("p", { class: "panel__text" }, text),
          code && h("p", { class: "panel__code" }, h("code", {}, code)),
          percent === undefined ? "" : h("progress", { class: "panel__bar", max: 100, "aria-label": title }),
          body ?? "",
          percent === undefined ? "" : h("p", { class: "outlook", "aria-live": "off" }),
        ].filter((part) => part !== ""),
      );
    }
    const bar = /** @type {HTMLProgressElement | null} */ (this.#panel.querySelector(".panel__bar"));
    if (bar && percent !== undefined) bar.value = percent;
    const outlook = this.#panel.querySelector(".outlook");
    if (outlook) setText(outlook, remark);
  }

  /** Uncover the player. */
  showPlayer() {
    this.#stage.dataset.view = "player";
    this.#shown = "";
    this.#panel.replaceChildren();
  }

  /**
   * A sentence over the picture until hideNotice, or for a moment.
   *
   * @param {string} text
   * @param {{brief?: boolean}} [options]
   */
  showNotice(text, { brief = false } = {}) {
    clearTimeout(this.#timer);
    setText(this.#notice, text);
    this.#notice.hidden = false;
    if (brief) this.#timer = setTimeout(() => this.hideNotice(), NOTICE_MS);
  }

  hideNotice() {
    clearTimeout(this.#timer);
    this.#notice.hidden = true;
  }
}
