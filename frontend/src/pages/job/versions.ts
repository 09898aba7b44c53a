/** Former versions of a job in its history. Pure. */

import type { Schemas } from "../../api/client";
import type { JobJson } from "../../lib/job";

/** Whether an audit entry's `before` or `after` is a job; of an invalid one it has only the reason. */
export function isVersion(job: JobJson): boolean {
  return typeof job.command === "string" && typeof job.cronExpr === "string";
}

/** What `change` made of the job, for a deletion what it took away; null where there is nothing to go back to. */
export function versionOf({ before, after }: Schemas["JobChange"]): JobJson | null {
  const job = after ?? before;
  return job && isVersion(job) ? job : null;
}
