/** Small controls of the schedule builder. Each calls `change` with the new value. */

import { locale } from "../../../i18n";
import { dateFormat } from "../../../lib/intl";
import { h } from "../../../ui/dom";

export interface Option<T> {
  value: T;
  label: string;
}

/** Buttons that can be pressed in any number. */
export function toggles(
  label: string,
  options: readonly Option<number>[],
  chosen: readonly number[],
  change: (values: number[]) => void,
  columns: "hours" | "days" | null = null,
): HTMLElement {
  const values = new Set(chosen);
  return h(
    "div.toggles",
    { role: "group", "aria-label": label, "data-columns": columns },
    options.map(({ value, label: text }) => {
      const button = h(
        "button.toggle",
        { type: "button", "aria-pressed": values.has(value) ? "true" : "false" },
        text,
      );
      button.addEventListener("click", () => {
        if (!values.delete(value)) values.add(value);
        button.setAttribute("aria-pressed", values.has(value) ? "true" : "false");
        change([...values].sort((a, b) => a - b));
      });
      return button;
    }),
  );
}

/** A whole number; anything else typed is not passed on. */
export function whole(
  label: string,
  [low, high]: readonly [number, number],
  value: number | null,
  change: (value: number) => void,
): HTMLInputElement {
  const input = h("input.form-control.form-control-sm.whole", {
    type: "number",
    min: low,
    max: high,
    step: 1,
    "aria-label": label,
    title: label,
  });
  input.value = value === null ? "" : String(value);
  input.addEventListener("input", () => {
    const typed = input.valueAsNumber;
    const good = Number.isInteger(typed) && typed >= low && typed <= high;
    input.classList.toggle("is-invalid", !good);
    if (good) change(typed);
  });
  return input;
}

export function pick<T extends string | number>(
  label: string,
  options: readonly Option<T>[],
  value: T,
  change: (value: T) => void,
): HTMLSelectElement {
  const select = h(
    "select.form-select.form-select-sm.w-auto",
    { "aria-label": label },
    options.map((option) => h("option", { value: option.value }, option.label)),
  );
  select.value = String(value);
  select.addEventListener("change", () => {
    const found = options[select.selectedIndex];
    if (found) change(found.value);
  });
  return select;
}

/** Weekdays as cron counts them (0 is Sunday), in the order of a week that begins on Monday. */
export function weekdays(style: "short" | "long"): Option<number>[] {
  return [1, 2, 3, 4, 5, 6, 0].map((value) => ({
    value,
    // The first of January 2023 was a Sunday.
    label: dateFormat(locale(), { weekday: style, timeZone: "UTC" }).format(Date.UTC(2023, 0, 1 + value)),
  }));
}

export function months(): Option<number>[] {
  return numbers(1, 12).map(({ value }) => ({
    value,
    label: dateFormat(locale(), { month: "short", timeZone: "UTC" }).format(Date.UTC(2023, value - 1, 1)),
  }));
}

export function numbers(low: number, high: number): Option<number>[] {
  return Array.from({ length: high - low + 1 }, (_, index) => ({
    value: low + index,
    label: String(low + index),
  }));
}
