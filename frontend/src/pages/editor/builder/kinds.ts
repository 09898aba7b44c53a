/** The controls of each simple kind of schedule. They change the state they were given, and say so by `told`. */

import { t } from "../../../i18n";
import { FIELD_RANGES, type BuilderState, type DayTimes } from "../../../lib/cron/builder";
import { h, type Child } from "../../../ui/dom";
import { numbers, pick, toggles, weekdays, whole } from "./parts";

type Of<K extends BuilderState["kind"]> = Extract<BuilderState, { kind: K }>;

export function row(label: string, ...controls: Child[]): HTMLElement {
  return h(
    "div.builder-row",
    null,
    h("span.builder-label", null, label),
    h("div.builder-controls", null, ...controls),
  );
}

export function everyControls(state: Of<"every">, told: () => void): Child {
  const atMinute = h(
    "span.builder-controls",
    { hidden: state.unit !== "hour" },
    t("editor:builder.atMinute"),
    whole(t("editor:builder.minute"), FIELD_RANGES.minute, state.minute, (value) => {
      state.minute = value;
      told();
    }),
  );
  const units = (["second", "minute", "hour"] as const).map((value) => ({
    value,
    label: t(`editor:builder.units.${value}`),
  }));
  return row(
    t("editor:builder.every"),
    whole(t("editor:builder.every"), [1, 59], state.count, (value) => {
      state.count = value;
      told();
    }),
    pick(t("editor:builder.unit"), units, state.unit, (value) => {
      state.unit = value;
      atMinute.hidden = value !== "hour";
      told();
    }),
    atMinute,
  );
}

export function intervalControls(state: Of<"interval">, told: () => void): Child {
  return [
    row(
      t("editor:builder.every"),
      (["days", "hours", "minutes", "seconds"] as const).map((unit) => [
        whole(t(`editor:builder.lengths.${unit}`), [0, 9999], state[unit], (value) => {
          state[unit] = value;
          told();
        }),
        t(`editor:builder.lengths.${unit}`),
      ]),
    ),
    h("p.form-text.mb-0", null, t("editor:builder.intervalHelp")),
  ];
}

export function timesControls(state: DayTimes, told: () => void): Child {
  return [
    row(
      t("editor:builder.hours"),
      toggles(
        t("editor:builder.hours"),
        numbers(0, 23),
        state.hours,
        (values) => {
          state.hours = values;
          told();
        },
        "hours",
      ),
    ),
    row(
      t("editor:builder.minute"),
      whole(t("editor:builder.minute"), FIELD_RANGES.minute, state.minute, (value) => {
        state.minute = value;
        told();
      }),
      t("editor:builder.second"),
      whole(t("editor:builder.second"), FIELD_RANGES.second, state.second, (value) => {
        state.second = value;
        told();
      }),
    ),
  ];
}

export function weeklyControls(state: Of<"weekly">, told: () => void): Child {
  return row(
    t("editor:builder.weekdays"),
    toggles(t("editor:builder.weekdays"), weekdays("short"), state.weekdays, (values) => {
      state.weekdays = values;
      told();
    }),
  );
}
