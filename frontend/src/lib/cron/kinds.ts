/** Another kind of schedule, keeping what the two have in common. */

import {
  toCustom,
  toExpr,
  type BuilderKind,
  type BuilderState,
  type DayTimes,
  type FieldName,
  type FieldState,
} from "./builder";

/** The kinds in the order of a choice. */
export const KINDS: readonly BuilderKind[] = ["every", "daily", "weekly", "monthly", "interval", "custom"];

/** Few people work then, and no clock is put forward or back. */
const QUIET_TIME: DayTimes = { hours: [4], minute: 0, second: 0 };

/** A schedule of `kind`; of `previous` (null: none, or none that the builder can show) it keeps what it can. */
export function switchKind(previous: BuilderState | null, kind: BuilderKind): BuilderState {
  if (previous?.kind === kind) return previous;
  const times = timesOf(previous);
  switch (kind) {
    case "every":
      return { kind, count: 5, unit: "minute", minute: 0 };
    case "interval":
      return { kind, days: 0, hours: 0, minutes: 5, seconds: 0 };
    case "daily":
      return { kind, ...times };
    case "weekly":
      return { kind, weekdays: [1], ...times };
    case "monthly":
      return { kind, months: [], on: { type: "days", days: [1] }, ...times };
    case "custom":
      return (previous && toCustom(toExpr(previous))) ?? { kind, fields: fieldsOf(times) };
  }
}

function timesOf(state: BuilderState | null): DayTimes {
  if (state?.kind !== "daily" && state?.kind !== "weekly" && state?.kind !== "monthly") return QUIET_TIME;
  const { hours, minute, second } = state;
  return { hours, minute, second };
}

/** Every day at these times. */
function fieldsOf({ hours, minute, second }: DayTimes): Record<FieldName, FieldState> {
  const every: FieldState = { mode: "every" };
  return {
    second: { mode: "list", values: [second] },
    minute: { mode: "list", values: [minute] },
    hour: { mode: "list", values: hours },
    day: every,
    month: every,
    weekday: every,
    year: every,
  };
}
