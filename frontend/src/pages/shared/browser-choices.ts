/** Choosing the language and the theme of this browser. */

import { router } from "../../app/router";
import { chooseTheme, chosenTheme, type Theme } from "../../app/theme";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, t, type Language } from "../../i18n";
import { h, newId } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { failed } from "../../ui/toast";
import "./browser-choices.css";

interface Choice {
  label: string;
  icon?: IconName;
  lang?: string;
  chosen: boolean;
  choose: () => Promise<void> | void;
}

export function browserChoices(): HTMLElement {
  return h("div.browser-choices", null, languages(), themes());
}

function languages(): HTMLElement {
  return group(
    "language",
    (Object.entries(LANGUAGE_NAMES) as [Language, string][]).map(([language, label]) => ({
      label,
      lang: language,
      chosen: language === currentLanguage(),
      choose: () => chooseLanguage(language),
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
      label: t(`themes.${name}`),
      icon: symbol,
      chosen: theme === chosenTheme(),
      choose: () => chooseTheme(theme),
    })),
  );
}

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
            checked: each.chosen,
            on: { change: () => void choose(kind, each) },
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

/** The page is drawn again in its new looks; the reader stays where the choice was made. */
async function choose(kind: string, choice: Choice): Promise<void> {
  try {
    await choice.choose();
    await router.refresh();
    document.querySelector<HTMLElement>(`[data-choice="${kind}"] :checked`)?.focus();
  } catch (error) {
    failed(error);
  }
}
