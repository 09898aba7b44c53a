/** The day of a month: by number, or the last, or by weekday. */

import { t } from "../../../i18n";
import { FIELD_RANGES, type BuilderState, type MonthDay, type Nth } from "../../../lib/cron/builder";
import { h, replace, type Child } from "../../../ui/dom";
import { row } from "./kinds";
import { months, numbers, pick, toggles, weekdays, whole, type Option } from "./parts";

type Monthly = Extract<BuilderState, { kind: "monthly" }>;
type Change = (on: MonthDay) => void;

const FIRST: Record<MonthDay["type"], MonthDay> = {
  days: { type: "days", days: [1] },
  last: { type: "last", before: 0 },
  lastWorkday: { type: "lastWorkday" },
  nearestWorkday: { type: "nearestWorkday", day: 15 },
  weekday: { type: "weekday", nth: 1, weekday: 1 },
};

export function monthlyControls(state: Monthly, told: () => void): Child {
  const place = h("div.builder-controls");
  const change: Change = (on) => {
    state.on = on;
    told();
  };
  const draw = () => replace(place, dayControls(state.on, change));
  draw();
  const types = (Object.keys(FIRST) as MonthDay["type"][]).map((value) => ({
    value,
    label: t(`editor:builder.on.${value}`),
  }));
  return [
    row(
      t("editor:builder.day"),
      pick(t("editor:builder.day"), types, state.on.type, (type) => {
        change(FIRST[type]);
        draw();
      }),
      place,
    ),
    row(
      t("editor:builder.months"),
      toggles(t("editor:builder.months"), months(), state.months, (values) => {
        state.months = values;
        told();
      }),
    ),
  ];
}

function dayControls(on: MonthDay, change: Change): Child {
  switch (on.type) {
    case "days":
      return toggles(
        t("editor:builder.on.days"),
        numbers(1, 31),
        on.days,
        (days) => change({ type: "days", days }),
        "days",
      );
    case "last":
      return [
        whole(t("editor:builder.daysBefore"), [0, 30], on.before, (before) =>
          change({ type: "last", before }),
        ),
        t("editor:builder.daysBefore"),
      ];
    case "lastWorkday":
      return null;
    case "nearestWorkday":
      return whole(t("editor:builder.on.nearestWorkday"), FIELD_RANGES.day, on.day, (day) =>
        change({ type: "nearestWorkday", day }),
      );
    case "weekday": {
      let now = on;
      const set = (part: Partial<typeof on>) => {
        now = { ...now, ...part };
        change(now);
      };
      const nth: Option<Nth>[] = ([1, 2, 3, 4, 5, "last"] as const).map((value) => ({
        value,
        label: t(`editor:builder.nth.${value}`),
      }));
      return [
        pick<Nth>(t("editor:builder.which"), nth, on.nth, (value) => set({ nth: value })),
        pick(t("editor:builder.weekdays"), weekdays("long"), on.weekday, (weekday) => set({ weekday })),
      ];
    }
  }
}
