/** Words in the reader's language. English is the source; the compiler refuses a Chinese text that lacks one. */

import i18next from "i18next";
import { setLanguage } from "../api/client";
import { stored } from "../app/storage";
import en from "./en";

export type Language = "en" | "zh";
type Dictionary = typeof en;

/** The same keys with other words; a language without plural forms has no `_one`. */
export type Translation<T> = {
  [K in keyof T as K extends `${string}_one` ? never : K]: T[K] extends string ? string : Translation<T[K]>;
};

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: Dictionary;
    enableSelector: false;
  }
}

export const LOCALES: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", zh: "简体中文" };

const chosen = stored<Language>("yuanya.language", (value) =>
  value === "en" || value === "zh" ? value : null,
);

/** Loads the language chosen before, else the browser's first that there is. */
export async function startI18n(): Promise<void> {
  await i18next.init({
    lng: "en",
    fallbackLng: "en",
    ns: Object.keys(en),
    defaultNS: "common",
    resources: { en },
    // Words are put into text nodes, which need no escaping.
    interpolation: { escapeValue: false },
  });
  await use(chosen.get() ?? browsersChoice());
}

/** Keep `language` for this browser and load it; what is on the page has to be drawn again. */
export async function chooseLanguage(language: Language): Promise<void> {
  await use(language);
  chosen.set(language);
}

export function currentLanguage(): Language {
  return i18next.language === "zh" ? "zh" : "en";
}

/** BCP 47 tag for Intl. */
export function locale(): string {
  return LOCALES[currentLanguage()];
}

export const t = i18next.t.bind(i18next);

async function use(language: Language): Promise<void> {
  if (language === "zh" && !i18next.hasResourceBundle("zh", "common")) {
    const words = (await import("./zh")).default;
    for (const [namespace, texts] of Object.entries(words)) i18next.addResourceBundle("zh", namespace, texts);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  setLanguage(document.documentElement.lang);
}

function browsersChoice(): Language {
  const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
  return first?.toLowerCase().startsWith("zh") ? "zh" : "en";
}
