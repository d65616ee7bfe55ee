/*
 * Puts the theme on the page before its first paint: a classic script, because modules run after it.
 * The stylesheet knows light and dark; "system" is whatever the machine says, now and when it changes.
 */

(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const apply = () => {
    /** @type {string | null} */
    let chosen = null;
    try {
      chosen = localStorage.getItem("headwater.theme");
    } catch {
      // storage is forbidden here: the machine's own wish stands
    }
    const theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
  };

  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("headwater-preferences", apply);
})();
