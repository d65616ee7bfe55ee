/** media-chrome's shortcuts (space k j l m f c arrows < >) for the whole page, not only inside the player. */

const KEYS = new Set([" ", "k", "j", "l", "m", "f", "c", "<", ">", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);
const TYPED = "input, select, textarea, [contenteditable], dialog";
const TAKEN = "a, button, input, select, textarea, summary, [contenteditable], [role^=menuitem], dialog";

/** @typedef {HTMLElement & {keyboardShortcutHandler: (event: KeyboardEvent) => void}} MediaController */

/**
 * True when the page has a use of its own for the key: a form field, a link, a chord, or media-chrome itself.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement} controller
 */
function taken(event, controller) {
  if (!KEYS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const target = event.target;
  return !(target instanceof Element) || controller.contains(target) || target.closest(TAKEN) !== null;
}

/**
 * @param {MediaController} controller
 * @param {() => boolean} enabled  whether there is something to control
 */
export function listenPageWide(controller, enabled) {
  document.addEventListener("keydown", (event) => {
    // scrolling by arrows and space gives way to the player
    if (enabled() && !taken(event, controller)) event.preventDefault();
  });
  document.addEventListener("keyup", (event) => {
    if (enabled() && !taken(event, controller)) controller.keyboardShortcutHandler(event);
  });
}

/**
 * 0 to 9 go to that tenth of the recording.
 *
 * @param {() => HTMLVideoElement} video
 * @param {() => boolean} enabled
 */
export function listenForTenths(video, enabled) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!/^\d$/.test(key) || event.ctrlKey || event.metaKey || event.altKey || !enabled()) return;
    const { seekable } = video();
    if (!seekable.length || (target instanceof Element && target.closest(TYPED))) return;
    const [from, to] = [seekable.start(0), seekable.end(seekable.length - 1)];
    video().currentTime = from + (Number(key) / 10) * (to - from);
  });
}
