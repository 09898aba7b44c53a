/** The day of a month, as a form has it and as cron expressions write it in two fields. */

import { parseField, parseValues, valuesOf, writeValues } from "./fields";

/** Weekdays count from 0, Sunday. An empty list means every day. */
export type MonthDay =
  | { type: "days"; days: number[] }
  /** The last day, or so many days before it. */
  | { type: "last"; before: number }
  /** The last Monday to Friday. */
  | { type: "lastWorkday" }
  /** The Monday to Friday nearest to a day. */
  | { type: "nearestWorkday"; day: number }
  /** The first to fifth, or the last, of a weekday. */
  | { type: "weekday"; nth: Nth; weekday: number };

export type Nth = 1 | 2 | 3 | 4 | 5 | "last";

/** Null for several special days, and where both fields restrict. Texts are in lower case. */
export function parseMonthDay(day: string, weekday: string): MonthDay | null {
  if (isAny(day)) return parseWeekdayOfMonth(weekday);
  if (!isAny(weekday)) return null;
  if (day === "lw") return { type: "lastWorkday" };
  const last = /^l(?:-(\d{1,2}))?$/.exec(day);
  if (last) return within(Number(last[1] ?? 0), 0, 30, (before) => ({ type: "last", before }));
  const nearest = /^(\d{1,2})w$/.exec(day);
  if (nearest) return within(Number(nearest[1]), 1, 31, (on) => ({ type: "nearestWorkday", day: on }));
  const days = parseValues("day", day);
  return days && { type: "days", days };
}

export function writeMonthDay(on: MonthDay): { day: string; weekday: string } {
  switch (on.type) {
    case "days":
      return { day: writeValues(on.days), weekday: "*" };
    case "last":
      return { day: on.before ? `L-${on.before}` : "L", weekday: "*" };
    case "lastWorkday":
      return { day: "LW", weekday: "*" };
    case "nearestWorkday":
      return { day: `${on.day}W`, weekday: "*" };
    case "weekday":
      return { day: "*", weekday: on.nth === "last" ? `${on.weekday}L` : `${on.weekday}#${on.nth}` };
  }
}

/** The months of a field, steps too; none for all of them. Null if it is not a month field. */
export function parseMonths(text: string): number[] | null {
  const state = parseField("month", text);
  return state && valuesOf("month", state);
}

/** Whether a day field restricts nothing. */
export function isAny(text: string): boolean {
  return text === "*" || text === "?";
}

function parseWeekdayOfMonth(text: string): MonthDay | null {
  const found =
    /^([a-z0-9]+)#([1-5])$/.exec(text) ?? /^([0-7]|[a-z]{3})l$/.exec(text) ?? /^l([0-7])$/.exec(text);
  const [weekday] = parseValues("weekday", found?.[1] ?? "") ?? [];
  if (!found || weekday === undefined) return null;
  return { type: "weekday", nth: found[2] ? (Number(found[2]) as Nth) : "last", weekday };
}

function within<T>(value: number, low: number, high: number, make: (value: number) => T): T | null {
  return value >= low && value <= high ? make(value) : null;
}
