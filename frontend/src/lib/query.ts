/** What a page shows (filters, sort order, ...) as the query of its address, so that a view is a link. */

/** How one part of a view stands in an address. */
export interface Param<T> {
  /** The value that is not written. */
  readonly initial: T;
  /** The value of the texts found under the name (at least one); undefined for what cannot be. */
  readonly read: (texts: readonly string[]) => T | undefined;
  readonly write: (value: T) => readonly string[];
}

// Each parameter has its own type, and reading and writing use it in opposite directions.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Spec = Record<string, Param<any>>;

/** The values of a view: `{q: string, status: Status[]}` for a spec of these. */
export type View<S extends Spec> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

/** As long as the API takes a filter. */
const MAX_TEXT = 256;

export function text(initial = ""): Param<string> {
  return {
    initial,
    read: ([value]) => (value !== undefined && isText(value) ? value : undefined),
    write: (value) => [value],
  };
}

/** One of `options`; anything else is `initial`. */
export function choice<const T extends string>(options: readonly T[], initial: NoInfer<T>): Param<T> {
  return {
    initial,
    read: ([value]) => options.find((option) => option === value),
    write: (value) => [value],
  };
}

/** Repeated under its name, once each; none of them: everything. With `options`, other texts are passed over. */
export function many<const T extends string = string>(options?: readonly T[]): Param<readonly T[]> {
  const allowed = (value: string): value is T =>
    options ? options.some((option) => option === value) : value !== "" && isText(value);
  return {
    initial: [],
    read: (texts) => [...new Set(texts.filter(allowed))],
    write: (values) => [...new Set(values)],
  };
}

/** A whole number from `min` to `max`. */
export function integer(initial: number, min: number, max: number): Param<number> {
  return {
    initial,
    read: ([value]) => {
      if (value === undefined || !/^-?\d{1,15}$/.test(value)) return undefined;
      const number = Number(value);
      return number >= min && number <= max ? number : undefined;
    },
    write: (value) => [String(value)],
  };
}

/** A whole number, or null for none: an instant in ms, for example. */
export function maybeInteger(min: number, max: number): Param<number | null> {
  const { read } = integer(min, min, max);
  return { initial: null, read, write: (value) => (value === null ? [] : [String(value)]) };
}

/** A text, or null for none. Unlike `text`, the empty text is a value of its own: the group of those without one. */
export function maybeText(): Param<string | null> {
  const { read } = text();
  return { initial: null, read, write: (value) => (value === null ? [] : [value]) };
}

/** `1` or absent. */
export function flag(): Param<boolean> {
  return {
    initial: false,
    read: ([value]) => (value === "1" ? true : undefined),
    write: (value) => (value ? ["1"] : []),
  };
}

/** The view an address shows. Never throws: what is missing or cannot be is as the spec has it at first. */
export function readView<S extends Spec>(spec: S, params: URLSearchParams): View<S> {
  const entries = Object.entries(spec).map(([name, param]) => {
    const texts = params.getAll(name);
    const value: unknown = texts.length ? param.read(texts) : undefined;
    return [name, value === undefined ? (param.initial as unknown) : value];
  });
  return Object.fromEntries(entries) as View<S>;
}

/** The shortest query that reads as `view`, in the order of the spec. */
export function writeView<S extends Spec>(spec: S, view: View<S>): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, param] of Object.entries(spec)) {
    const texts = param.write(view[name]);
    if (same(texts, param.write(param.initial))) continue;
    for (const value of texts) params.append(name, value);
  }
  return params;
}

function isText(value: string): boolean {
  return value.length <= MAX_TEXT && !value.includes("\0");
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
