/** Light, dark, or as the system has it (null). `theme.js` applies it before the first paint. */

import { stored } from "./storage";

export type Theme = "light" | "dark";

const chosen = stored<Theme>("yuanya.theme", (value) =>
  value === "light" || value === "dark" ? value : null,
);

export function chosenTheme(): Theme | null {
  return chosen.get();
}

/** `act` is called after each choice, once it is applied. */
export function onThemeChosen(act: () => void): void {
  document.addEventListener("yuanya:theme-chosen", act);
}

export function chooseTheme(theme: Theme | null): void {
  chosen.set(theme);
  document.dispatchEvent(new CustomEvent("yuanya:theme-chosen"));
}
