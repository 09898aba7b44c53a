/** The fields of a job one by one. Pure. */

import { fieldChanges } from "../../lib/diff";
import { JOB_DEFAULTS, type JobJson } from "../../lib/job";

export interface JobField {
  /** Its path: `limits.memoryMb`. */
  path: string;
  value: unknown;
  isDefault: boolean;
}

/** All fields of the model in its order, those inside `retries`, `limits` and `notify` apart. */
export function jobFields(job: JobJson): JobField[] {
  const set = new Set(fieldChanges({}, job).map(({ field }) => field));
  return Object.entries(JOB_DEFAULTS).flatMap(([name, initial]) => {
    const value = job[name] ?? initial;
    const parts = isRecord(initial) ? Object.entries(initial) : [];
    const fields = parts.length
      ? parts.map(([part, standard]) => ({
          path: `${name}.${part}`,
          value: (isRecord(value) ? value[part] : undefined) ?? standard,
        }))
      : [{ path: name, value }];
    return fields.map((field) => ({ ...field, isDefault: !set.has(field.path) }));
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
