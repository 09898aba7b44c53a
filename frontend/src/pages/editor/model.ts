/** A job as the editor has it: whole, with its defaults; and how two people's changes of it come together. */

import { fieldChanges } from "../../lib/diff";
import { JOB_DEFAULTS, READ_ONLY, type JobJson } from "../../lib/job";

/** The value at `retries.max`. */
export function valueAt(job: JobJson, path: string): unknown {
  let value: unknown = job;
  for (const part of path.split("."))
    value =
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  return value;
}

/** `job` with another value at `retries.max`. */
export function withValue(job: JobJson, path: string, value: unknown): JobJson {
  const [name = "", ...rest] = path.split(".");
  if (!rest.length) return { ...job, [name]: value };
  return { ...job, [name]: withValue((job[name] ?? {}) as JobJson, rest.join("."), value) };
}

/** All fields of `job`, those it lacks with their defaults, without what the API only tells. Null: a new job. */
export function wholeJob(job: JobJson | null): JobJson {
  const known = Object.entries(job ?? {}).filter(([name]) => !READ_ONLY.has(name));
  let whole: JobJson = { ...JOB_DEFAULTS, name: "", command: "", cronExpr: "", ...Object.fromEntries(known) };
  for (const [name, value] of Object.entries(JOB_DEFAULTS))
    if (isPlain(value) && isPlain(whole[name])) whole = { ...whole, [name]: { ...value, ...whole[name] } };
  return whole;
}

/** `job` without what has its default: what is worth reading, and all that has to be sent. */
export function essentials(job: JobJson): JobJson {
  let short: JobJson = {};
  const order = Object.keys(JOB_DEFAULTS);
  for (const name of ["name", "command", "cronExpr"]) short = withValue(short, name, job[name]);
  const set = fieldChanges(null, job).sort((a, b) => place(order, a.field) - place(order, b.field));
  for (const { field, after } of set) short = withValue(short, field, after);
  return short;
}

/** One field that somebody else has changed meanwhile, and that is not the same here. */
export interface Disagreement {
  field: string;
  base: unknown;
  theirs: unknown;
  mine: unknown;
  /** Whether it was changed on both sides; else only they did. */
  both: boolean;
}

/** Where `theirs` and `mine`, both made from `base`, have to be brought together. */
export function disagreements(base: JobJson, mine: JobJson, theirs: JobJson): Disagreement[] {
  const ours = new Set(fieldChanges(base, mine).map(({ field }) => field));
  const apart = new Map(fieldChanges(mine, theirs).map((change) => [change.field, change]));
  return fieldChanges(base, theirs).flatMap(({ field, before, after }) => {
    const change = apart.get(field);
    return change ? [{ field, base: before, theirs: after, mine: change.before, both: ours.has(field) }] : [];
  });
}

/** `mine` with the values of `theirs` in these fields. */
export function takeFields(mine: JobJson, theirs: JobJson, fields: readonly string[]): JobJson {
  return fields.reduce((job, field) => withValue(job, field, valueAt(theirs, field)), mine);
}

/** What of a text that is no valid job can go into the form; a new job if nothing can. */
export function salvage(raw: string, name: string): JobJson {
  let found: unknown = null;
  try {
    found = JSON.parse(raw);
  } catch {
    // It is shown as it is beside the form.
  }
  const known = isPlain(found) ? Object.entries(found).filter(([field]) => field in JOB_DEFAULTS) : [];
  return { ...wholeJob(Object.fromEntries(known)), name };
}

/** A name for a copy that is no longer than names may be. */
export function copyName(name: string): string {
  return `${Array.from(name).slice(0, 123).join("").trimEnd()} copy`;
}

function place(order: readonly string[], path: string): number {
  const found = order.indexOf(path.split(".")[0] ?? "");
  return found < 0 ? order.length : found;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
