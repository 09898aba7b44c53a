/** Each field of a cron expression by itself. */

import { t } from "../../../i18n";
import {
  FIELD_NAMES,
  FIELD_RANGES,
  type BuilderState,
  type FieldName,
  type FieldState,
} from "../../../lib/cron/builder";
import { parseField, parseValues, writeField } from "../../../lib/cron/fields";
import { h, replace, type Child } from "../../../ui/dom";
import { row } from "./kinds";
import { months, pick, toggles, weekdays, whole } from "./parts";

type Custom = Extract<BuilderState, { kind: "custom" }>;
type Change = (state: FieldState) => void;

export function customControls(state: Custom, told: () => void): Child {
  return FIELD_NAMES.map((name) => fieldRow(name, state, told));
}

function fieldRow(name: FieldName, state: Custom, told: () => void): HTMLElement {
  const label = t(`editor:builder.fields.${name}`);
  const place = h("div.builder-controls");
  const change: Change = (field) => {
    state.fields[name] = field;
    told();
  };
  const draw = () => replace(place, fieldControls(name, label, state.fields[name], change));
  draw();
  const modes = (["every", "step", "range", "list"] as const).map((value) => ({
    value,
    label: t(`editor:builder.modes.${value}`),
  }));
  return row(
    label,
    pick(label, modes, state.fields[name].mode, (mode) => {
      change(first(name, mode));
      draw();
    }),
    place,
  );
}

function first(name: FieldName, mode: FieldState["mode"]): FieldState {
  const [low, high] = FIELD_RANGES[name];
  switch (mode) {
    case "every":
      return { mode };
    case "step":
      return { mode, step: 2, from: null, to: null };
    case "range":
      return name === "weekday" ? { mode, from: 1, to: 5 } : { mode, from: low, to: high };
    case "list":
      return { mode, values: [name === "year" ? new Date().getFullYear() : low] };
  }
}

function fieldControls(name: FieldName, label: string, field: FieldState, change: Change): Child {
  const [low, high] = FIELD_RANGES[name];
  switch (field.mode) {
    case "every":
      return null;
    case "step": {
      const of = (step: number) => change({ ...field, step });
      return [whole(`${label}: ${t("editor:builder.step")}`, [1, high], field.step, of), rangeOfStep(field)];
    }
    case "range": {
      let now = field;
      const set = (part: { from?: number; to?: number }) => {
        now = { ...now, ...part };
        change(now);
      };
      return [
        whole(`${label}: ${t("from")}`, [low, high], field.from, (from) => set({ from })),
        "–",
        whole(`${label}: ${t("to")}`, [low, high], field.to, (to) => set({ to })),
      ];
    }
    case "list": {
      const set = (values: number[]) => change({ mode: "list", values });
      if (name === "weekday") return toggles(label, weekdays("short"), field.values, set);
      if (name === "month") return toggles(label, months(), field.values, set);
      return listInput(name, label, field, set);
    }
  }
}

/** Where a step begins and ends, if it says so. */
function rangeOfStep({ from, to }: Extract<FieldState, { mode: "step" }>): Child {
  return from !== null && h("span.text-body-secondary", null, `${from}–${to ?? ""}`);
}

function listInput(
  name: FieldName,
  label: string,
  field: FieldState,
  set: (values: number[]) => void,
): HTMLElement {
  const input = h("input.form-control.form-control-sm", {
    "aria-label": label,
    placeholder: "0,15,30-45",
    autocomplete: "off",
  });
  input.value = writeField(field);
  input.addEventListener("input", () => {
    const text = input.value.replace(/\s/g, "");
    const values = parseField(name, text)?.mode === "step" ? null : parseValues(name, text);
    input.classList.toggle("is-invalid", !values?.length);
    if (values?.length) set(values);
  });
  return input;
}
