/** The controls of a bar of filters: selects, inputs and a stretch of time, each with its label above. */

import { t } from "../../i18n";
import { fromLocalInput, localInputValue, viewerZone } from "../../lib/time";
import { h, newId, replace, type Child } from "../../ui/dom";
import "./filter-bar.css";
import { ANY_TIME, isExact, PRESETS, type Preset, type TimeRange } from "./time-range";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** `content` with its label; `name` is the `data-field`. */
export function labelled(name: string, label: string, content: Child, input: HTMLElement): HTMLElement {
  input.id = newId("filter");
  return h("div.filter", { "data-field": name }, h("label", { for: input.id }, label), content);
}

export function select(
  name: string,
  label: string,
  chosen: (value: string) => void,
): { element: HTMLElement; input: HTMLSelectElement } {
  const input = h("select.form-select.form-select-sm");
  input.addEventListener("change", () => chosen(input.value));
  return { element: labelled(name, label, input, input), input };
}

export function setOptions(input: HTMLSelectElement, options: readonly (readonly [string, string])[]): void {
  replace(
    input,
    options.map(([value, text]) => h("option", { value }, text)),
  );
}

/** `change` is told of every choice; `show` brings the controls in step with a view. */
export function timeFilter(
  label: string,
  change: (range: Partial<TimeRange>) => void,
): { element: HTMLElement; show: (range: TimeRange) => void } {
  const kind = select("time", label, (value) => {
    if (value !== "exact") change({ ...ANY_TIME, time: value as Preset });
    else {
      const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
      change({ time: "any", since: now - DAY_MS, until: now + MINUTE_MS });
    }
  });
  setOptions(kind.input, [
    ...PRESETS.map((each) => [each, t(`runs:times.${each}`)] as const),
    ["exact", t("runs:times.exact")],
  ]);
  const moment = (name: "since" | "until", words: string) => {
    const input = h("input.form-control.form-control-sm", {
      type: "datetime-local",
      step: 1,
      title: t("runs:zone", { zone: viewerZone() }),
    });
    input.addEventListener("change", () => change({ [name]: fromLocalInput(input.value) }));
    return { element: labelled(name, words, input, input), input };
  };
  const since = moment("since", t("from"));
  const until = moment("until", t("to"));
  const exact = h("div.exact-times", null, since.element, until.element);
  return {
    element: h("div.times", null, kind.element, exact),
    show(range) {
      kind.input.value = isExact(range) ? "exact" : range.time;
      exact.hidden = !isExact(range);
      for (const [{ input }, value] of [
        [since, range.since],
        [until, range.until],
      ] as const)
        if (input !== document.activeElement) input.value = value === null ? "" : localInputValue(value);
    },
  };
}
