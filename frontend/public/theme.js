// Runs before anything is drawn, so that no page flashes in the wrong colours.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("yuanya.theme");
    } catch {
      // Storage may be forbidden; the system's preference is used then.
    }
    const theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    document.documentElement.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("yuanya:theme"));
  };
  dark.addEventListener("change", apply);
  document.addEventListener("yuanya:theme-chosen", apply);
  apply();
})();
