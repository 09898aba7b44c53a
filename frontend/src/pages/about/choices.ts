/** The language and the theme of this browser. */

import { router } from "../../app/router";
import { chooseTheme, chosenTheme, type Theme } from "../../app/theme";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, t, type Language } from "../../i18n";
import { h, newId } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { failed } from "../../ui/toast";

interface Choice {
  label: string;
  icon?: IconName;
  lang?: string;
  chosen: boolean;
  choose: () => void;
}

export function choices(): HTMLElement {
  return h("div", null, languages(), themes());
}

function languages(): HTMLElement {
  return group(
    t("language"),
    (Object.entries(LANGUAGE_NAMES) as [Language, string][]).map(([language, label]) => ({
      label,
      lang: language,
      chosen: language === currentLanguage(),
      choose: () => void chooseLanguage(language).then(() => router.refresh(), failed),
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
    t("theme"),
    all.map(([theme, name, symbol]) => ({
      label: t(`themes.${name}`),
      icon: symbol,
      chosen: theme === chosenTheme(),
      choose: () => {
        chooseTheme(theme);
        void router.refresh();
      },
    })),
  );
}

function group(title: string, all: readonly Choice[]): HTMLElement {
  const name = newId("choice");
  return h(
    "fieldset.choice",
    null,
    h("legend", null, title),
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
            on: { change: each.choose },
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
