/** Files that are dropped anywhere on the page, and the veil that says so while they hover. */

import { h } from "../dom.js";

/** @param {DragEvent} event */
function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** @param {(files: File[]) => void} onFiles */
export function acceptDrops(onFiles) {
  const veil = h(
    "div",
    { class: "drop-veil", hidden: true },
    h("p", { class: "drop-veil__text" }, "Drop to upload", h("small", {}, "Video or sound, up to 64 GB a file")),
  );
  document.body.append(veil);
  let depth = 0;
  const hide = () => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && --depth <= 0) hide();
  });
  addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    hide();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

/**
 * Ask for files with the browser's own window.
 *
 * @param {{several?: boolean}} options
 * @returns {Promise<File[]>} none when it was closed
 */
export function chooseFiles({ several = true } = {}) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { type: "file", multiple: several, hidden: true, accept: "video/*,audio/*,.mkv,.ts,.mts,.m2ts,.avi,.flv,.mxf" })
  );
  document.body.append(input);
  return new Promise((resolve) => {
    const done = () => {
      input.remove();
      resolve([...(input.files ?? [])]);
    };
    input.addEventListener("change", done);
    input.addEventListener("cancel", done);
    input.click();
  });
}
