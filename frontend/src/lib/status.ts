/** The outcomes of runs, in the order in which the console lists them. */

import type { components } from "../api/schema";

export const ENDED_STATUSES = [
  "succeeded",
  "failed",
  "timeout",
  "killed",
  "lost",
  "missed",
  "skipped",
] as const satisfies readonly components["schemas"]["Status"][];
