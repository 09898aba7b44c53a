/** What changed: between two versions of a job, field by field, and between two texts, line by line. */

import { structuredPatch } from "diff";

import { JOB_DEFAULTS, READ_ONLY, type JobJson } from "./job";

/** One field with another value; undefined where there was no job, or has none. */
export interface FieldChange {
  /** Its path: `command`, `limits.memoryMb`. Lists and maps (`tags`, `env`) are values. */
  field: string;
  before: unknown;
  after: unknown;
}

/** One line of a text. Line numbers count from 1; null where the line is not in that text. */
export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
  before: number | null;
  after: number | null;
}

/** Lines that follow one another, with at least one that changed. */
export type Hunk = DiffLine[];

const NESTED: ReadonlySet<string> = new Set(["retries", "limits", "notify"]);
const TIMES: ReadonlySet<string> = new Set(["startsAt", "endsAt"]);
const CONTEXT_LINES = 3;
const MAX_EDITS = 2_000; // more of them take seconds to find, and nobody reads them one by one

/**
 * The fields in which two versions of a job differ, in the order of the model; unknown fields come last.
 *
 * An absent field has its default. Null stands for no job: then all that the other one sets is a change.
 */
export function fieldChanges(before: JobJson | null, after: JobJson | null): FieldChange[] {
  const defaults = flat(JOB_DEFAULTS);
  const old = new Map([...defaults, ...flat(before ?? {})]);
  const wanted = new Map([...defaults, ...flat(after ?? {})]);
  return [...new Set([...old.keys(), ...wanted.keys()])]
    .filter((field) => !READ_ONLY.has(field) && !same(old.get(field), wanted.get(field), field))
    .map((field) => ({
      field,
      before: before ? old.get(field) : undefined,
      after: after ? wanted.get(field) : undefined,
    }));
}

/** The places where two texts differ, with three lines around each. A final newline shows as an empty line. */
export function lineChanges(before: string, after: string): Hunk[] {
  const [old, wanted] = [closed(before), closed(after)];
  if (old === wanted) return [];
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_EDITS };
  const patch = structuredPatch("", "", old, wanted, undefined, undefined, options);
  if (patch) return patch.hunks.map((hunk) => numbered(hunk.lines, hunk.oldStart, hunk.newStart));
  return [numbered([...marked("-", old), ...marked("+", wanted)], 1, 1)];
}

/** The fields by their paths. */
function flat(job: JobJson): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(job)) {
    if (NESTED.has(name) && isObject(value)) {
      for (const [inner, part] of Object.entries(value)) found.set(`${name}.${inner}`, part);
    } else {
      found.set(name, value);
    }
  }
  return found;
}

function same(one: unknown, other: unknown, field = ""): boolean {
  if (one === other) return true;
  if (typeof one === "string" && typeof other === "string") {
    // The same instant has many spellings.
    return TIMES.has(field) && Date.parse(one) === Date.parse(other);
  }
  if (Array.isArray(one) !== Array.isArray(other) || !isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Every line ended, so that the last one compares like the others. */
function closed(text: string): string {
  return text && `${text}\n`;
}

function marked(mark: "-" | "+", text: string): string[] {
  return text
    ? text
        .slice(0, -1)
        .split("\n")
        .map((line) => mark + line)
    : [];
}

/** The lines of a patch with their numbers. */
function numbered(lines: readonly string[], before: number, after: number): Hunk {
  return lines.map((line) => {
    const text = line.slice(1);
    if (line.startsWith("-")) return { kind: "removed", text, before: before++, after: null };
    if (line.startsWith("+")) return { kind: "added", text, before: null, after: after++ };
    return { kind: "same", text, before: before++, after: after++ };
  });
}
