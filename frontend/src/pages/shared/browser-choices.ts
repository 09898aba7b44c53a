/** Choosing the language and the theme of this browser. */

import { router } from "../../app/router";
import { chooseTheme, chosenTheme, onThemeChosen, type Theme } from "../../app/theme";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, t, type Language } from "../../i18n";
import { h, newId } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { failed } from "../../ui/toast";
import "./browser-choices.css";

interface Choice {
  value: string;
  label: string;
  icon?: IconName;
  lang?: string;
  chosen: boolean;
  choose: () => void;
}

export function browserChoices(): HTMLElement {
  return h("div.browser-choices", null, languages(), themes());
}

function languages(): HTMLElement {
  return group(
    "language",
    (Object.entries(LANGUAGE_NAMES) as [Language, string][]).map(([language, label]) => ({
      value: language,
      label,
      lang: language,
      chosen: language === currentLanguage(),
      choose: () => drawAnew(language),
    })),
  );
}

function themes(): HTMLElement {
  const all: [Theme | null, "system" | "light" | "dark", IconName][] = [
    [null, "system", "circleHalf"],
    ["light", "light", "sun"],
    ["dark", "dark", "moon"],
  ];
  return group(
    "theme",
    all.map(([theme, name, symbol]) => ({
      value: name,
      label: t(`themes.${name}`),
      icon: symbol,
      chosen: theme === chosenTheme(),
      choose: () => chooseTheme(theme),
    })),
  );
}

// It may be chosen in the menu of the bar too.
onThemeChosen(() => {
  const chosen = `[data-choice="theme"] input[value="${chosenTheme() ?? "system"}"]`;
  for (const each of document.querySelectorAll<HTMLInputElement>(chosen)) each.checked = true;
});

function group(kind: "language" | "theme", all: readonly Choice[]): HTMLElement {
  const name = newId(kind);
  return h(
    "fieldset",
    { "data-choice": kind },
    h("legend", null, t(kind)),
    h(
      "div.btn-group",
      null,
      all.map((each, place) => {
        const id = `${name}-${place}`;
        return [
          h("input.btn-check", {
            type: "radio",
            name,
            id,
            value: each.value,
            checked: each.chosen,
            on: { change: () => each.choose() },
          }),
          h(
            "label.btn.btn-sm.btn-outline-secondary",
            { for: id, lang: each.lang },
            each.icon && icon(each.icon),
            each.icon && " ",
            each.label,
          ),
        ];
      }),
    ),
  );
}

/** The reader stays where the choice was made. */
function drawAnew(language: Language): void {
  router
    .refresh(() => chooseLanguage(language))
    .then(
      () => document.querySelector<HTMLElement>('[data-choice="language"] :checked')?.focus(),
      (error: unknown) => failed(error),
    );
}
