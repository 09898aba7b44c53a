/** One field of a cron expression, as a form has it. The server alone decides what an expression means. */

export const FIELD_NAMES = ["second", "minute", "hour", "day", "month", "weekday", "year"] as const;

export type FieldName = (typeof FIELD_NAMES)[number];

/** Months count from 1; weekdays from 0, Sunday, which 7 stands for too. */
export const FIELD_RANGES: Readonly<Record<FieldName, readonly [low: number, high: number]>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  month: [1, 12],
  weekday: [0, 7],
  year: [1970, 2099],
};

export type FieldState =
  | { mode: "every" }
  /** `*` by steps, or from a value on (`3/5`), or within a range (`8-18/2`). */
  | { mode: "step"; step: number; from: number | null; to: number | null }
  /** It may wrap around: 22 to 4. */
  | { mode: "range"; from: number; to: number }
  /** Ascending. None of them means every. */
  | { mode: "list"; values: number[] };

const NAMES: Partial<Record<FieldName, readonly string[]>> = {
  month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/** Null for what no control shows: `L`, `15W`, `6#5`, `H`, and steps within lists. `text` is in lower case. */
export function parseField(name: FieldName, text: string): FieldState | null {
  if (text === "*" || (text === "?" && (name === "day" || name === "weekday"))) return { mode: "every" };
  const [base = "", step, ...more] = text.split("/");
  if (step !== undefined) {
    if (more.length || !/^[1-9]\d{0,3}$/.test(step)) return null;
    const within = base === "*" ? { from: null, to: null } : bounds(name, base);
    return within && { mode: "step", step: Number(step), ...within };
  }
  const { from, to } = bounds(name, text) ?? { from: 0, to: null };
  if (to !== null) return { mode: "range", from, to };
  const values = parseValues(name, text);
  return values && { mode: "list", values };
}

/** The numbers of a list of values and ranges, ascending; null if it is anything else. */
export function parseValues(name: FieldName, text: string): number[] | null {
  const found = new Set<number>();
  for (const item of text.split(",")) {
    const range = bounds(name, item);
    if (!range) return null;
    for (const value of span(name, range.from, range.to ?? range.from)) found.add(value);
  }
  return ascending(found);
}

/** All values a field names; none for every. */
export function valuesOf(name: FieldName, state: FieldState): number[] {
  const [low, high] = FIELD_RANGES[name];
  switch (state.mode) {
    case "every":
      return [];
    case "step":
      return ascending(
        span(name, state.from ?? low, state.to ?? high).filter((_, index) => index % state.step === 0),
      );
    case "range":
      return ascending(span(name, state.from, state.to));
    case "list":
      return state.values;
  }
}

export function writeField(state: FieldState): string {
  switch (state.mode) {
    case "every":
      return "*";
    case "step": {
      const { step, from, to } = state;
      return `${from === null ? "*" : to === null ? from : `${from}-${to}`}/${step}`;
    }
    case "range":
      return `${state.from}-${state.to}`;
    case "list":
      return state.values.join() || "*";
  }
}

/** Values as short as it goes: `1-5,8`; `*` for none. */
export function writeValues(values: readonly number[]): string {
  const runs: number[][] = [];
  for (const value of ascending(values)) {
    const run = runs.at(-1);
    if (run?.at(-1) === value - 1) run.push(value);
    else runs.push([value]);
  }
  return (
    runs.map((run) => (run.length > 2 ? `${run[0] ?? ""}-${run.at(-1) ?? ""}` : run.join())).join() || "*"
  );
}

function ascending(values: Iterable<number>): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}

/** `1-5`, or `1` with `to` null. */
function bounds(name: FieldName, text: string): { from: number; to: number | null } | null {
  const [first = "", last, ...more] = text.split("-");
  const from = number(name, first);
  const to = last === undefined ? null : number(name, last);
  if (more.length || from === null || (to === null && last !== undefined)) return null;
  return { from, to };
}

function number(name: FieldName, text: string): number | null {
  const named = NAMES[name]?.indexOf(text) ?? -1;
  const [low, high] = FIELD_RANGES[name];
  if (named >= 0) return named + low;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : -1;
  return value >= low && value <= high ? value : null;
}

/** All values from one end to the other, around the end of the field where they are the other way round. */
function span(name: FieldName, from: number, to: number): number[] {
  const [low, high] = FIELD_RANGES[name];
  const size = name === "weekday" ? 7 : high - low + 1;
  const count = (from <= to ? to - from : to + size - from) + 1;
  return Array.from({ length: count }, (_, index) => ((from + index - low) % size) + low);
}
