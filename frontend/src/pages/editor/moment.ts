/** A day and time in the viewer's zone, said in UTC too. */

import { locale, t } from "../../i18n";
import { exactTime, fromLocalInput, localInputValue, viewerZone } from "../../lib/time";
import { h, replace } from "../../ui/dom";
import type { Control } from "./controls";

export function momentControl(): Control {
  const input = h("input.form-control", { type: "datetime-local", step: "1", max: "2099-12-31T23:59:59" });
  const said = h("div.form-text");
  // What was stored may be finer than what the control shows; untouched, it stays as it is.
  let stored: string | null = null;
  const get = () => {
    if (stored !== null && input.value === shown(stored)) return stored;
    const ms = fromLocalInput(input.value);
    return ms === null ? null : new Date(ms).toISOString();
  };
  const say = () => {
    const value = get();
    replace(
      said,
      value === null
        ? t("editor:inYourZone", { zone: viewerZone() })
        : `= ${exactTime(Date.parse(value), { locale: locale(), zone: "UTC" })}`,
    );
  };
  input.addEventListener("input", say);
  say();
  return {
    element: h("div", null, input, said),
    get,
    problem: () => (input.validity.badInput ? t("editor:halfMoment") : null),
    set(value) {
      stored = typeof value === "string" ? value : null;
      input.value = stored === null ? "" : shown(stored);
      say();
    },
  };
}

function shown(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? "" : localInputValue(ms);
}
