/** A schedule as choices instead of text. What a builder cannot show is left to the text field. */

import { isAny, parseMonthDay, parseMonths, writeMonthDay, type MonthDay } from "./days";
import {
  FIELD_NAMES,
  FIELD_RANGES,
  parseField,
  parseValues,
  writeField,
  writeValues,
  type FieldName,
  type FieldState,
} from "./fields";

export type { MonthDay, Nth } from "./days";
export { FIELD_NAMES, FIELD_RANGES, type FieldName, type FieldState } from "./fields";

/** Times of a day: at this minute and second of each of these hours. */
export interface DayTimes {
  hours: number[];
  minute: number;
  second: number;
}

/** What `toBuilder` gives is ascending in its lists. An empty list means every value. */
export type BuilderState =
  /** Whenever the clock shows a multiple of `count`; hours at `minute`. */
  | { kind: "every"; count: number; unit: "second" | "minute" | "hour"; minute: number }
  /** `@every`: of equal length, whatever the clock shows. */
  | { kind: "interval"; days: number; hours: number; minutes: number; seconds: number }
  | ({ kind: "daily" } & DayTimes)
  | ({ kind: "weekly"; weekdays: number[] } & DayTimes)
  | ({ kind: "monthly"; months: number[]; on: MonthDay } & DayTimes)
  | { kind: "custom"; fields: Record<FieldName, FieldState> };

export type BuilderKind = BuilderState["kind"];

const MACROS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

const INTERVAL = /^@every (?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;
type Texts = Record<FieldName, string>;

/** Null: too special for the builder, or no cron expression. */
export function toBuilder(expression: string): BuilderState | null {
  const text = clean(expression);
  const interval = INTERVAL.exec(text);
  if (interval) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = interval
      .slice(1)
      .map((part) => Number(part || 0));
    return { kind: "interval", days, hours, minutes, seconds };
  }
  const texts = split(text);
  return texts && (parseEvery(texts) ?? parseTimes(texts) ?? parseCustom(texts));
}

/** The same with one control a field; null where some field has none that fits. */
export function toCustom(expression: string): BuilderState | null {
  const texts = split(clean(expression));
  return texts && parseCustom(texts);
}

/** The shortest expression: seconds and years only where they say something. */
export function toExpr(state: BuilderState): string {
  switch (state.kind) {
    case "every": {
      const count = state.count === 1 ? "*" : `*/${state.count}`;
      if (state.unit === "second") return join({ second: count });
      if (state.unit === "minute") return join({ second: "0", minute: count });
      return join({ second: "0", minute: String(state.minute), hour: count });
    }
    case "interval": {
      const parts = [`${state.days}d`, `${state.hours}h`, `${state.minutes}m`, `${state.seconds}s`];
      return `@every ${parts.filter((part) => !/^0./.test(part)).join("") || "0s"}`;
    }
    case "daily":
      return join(timesOf(state));
    case "weekly":
      return join({ ...timesOf(state), weekday: writeValues(state.weekdays) });
    case "monthly":
      return join({ ...timesOf(state), ...writeMonthDay(state.on), month: writeValues(state.months) });
    case "custom":
      return join(Object.fromEntries(FIELD_NAMES.map((name) => [name, writeField(state.fields[name])])));
  }
}

function clean(expression: string): string {
  const text = expression
    .toLowerCase()
    .trim()
    .split(/[ \t]+/)
    .join(" ");
  return MACROS[text] ?? text;
}

function split(text: string): Texts | null {
  const parts = text.split(" ");
  if (parts.length < 5 || parts.length > 7) return null;
  if (parts.length === 5) parts.unshift("0");
  if (parts.length === 6) parts.push("*");
  return Object.fromEntries(FIELD_NAMES.map((name, index) => [name, parts[index]])) as Texts;
}

function join(fields: Partial<Texts>): string {
  const [second, ...rest] = FIELD_NAMES.map((name) => fields[name] ?? "*");
  const year = rest.pop();
  if (year !== "*") return [second, ...rest, year].join(" ");
  return (second === "0" ? rest : [second, ...rest]).join(" ");
}

function parseEvery({ second, minute, hour, day, month, weekday, year }: Texts): BuilderState | null {
  if (!isAny(day) || month !== "*" || !isAny(weekday) || year !== "*") return null;
  const every = (text: string, unit: "second" | "minute" | "hour", at = 0): BuilderState | null => {
    const field = parseField(unit, text);
    if (field?.mode === "every") return { kind: "every", count: 1, unit, minute: at };
    if (field?.mode !== "step" || field.from !== null || field.step > FIELD_RANGES[unit][1]) return null;
    return { kind: "every", count: field.step, unit, minute: at };
  };
  if (minute === "*" && hour === "*" && second !== "0") return every(second, "second");
  if (parseOne("second", second) !== 0) return null;
  if (hour === "*" && parseOne("minute", minute) === null) return every(minute, "minute");
  const at = parseOne("minute", minute);
  return at === null ? null : every(hour, "hour", at);
}

function parseTimes(texts: Texts): BuilderState | null {
  const { day, month, weekday, year } = texts;
  const [second, minute] = [parseOne("second", texts.second), parseOne("minute", texts.minute)];
  const hours = parseValues("hour", texts.hour);
  if (year !== "*" || second === null || minute === null || !hours) return null;
  const times = { hours, minute, second };
  if (isAny(day) && month === "*") {
    if (isAny(weekday)) return { kind: "daily", ...times };
    const weekdays = parseValues("weekday", weekday);
    if (weekdays) return { kind: "weekly", weekdays, ...times };
  }
  const on = parseMonthDay(day, weekday);
  const months = parseMonths(month);
  return on && months && { kind: "monthly", months, on, ...times };
}

function parseCustom(texts: Texts): BuilderState | null {
  const fields: Partial<Record<FieldName, FieldState>> = {};
  for (const name of FIELD_NAMES) {
    const field = parseField(name, texts[name]);
    if (!field) return null;
    fields[name] = field;
  }
  return { kind: "custom", fields: fields as Record<FieldName, FieldState> };
}

function parseOne(name: FieldName, text: string): number | null {
  const values = parseValues(name, text);
  return values?.length === 1 ? (values[0] ?? null) : null;
}

function timesOf({ hours, minute, second }: DayTimes): Partial<Texts> {
  return { second: String(second), minute: String(minute), hour: writeValues(hours) };
}
