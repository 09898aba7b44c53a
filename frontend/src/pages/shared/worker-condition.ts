/** How a worker is, in one word. Pure. */

import type { Schemas } from "../../api/client";

/** What matters most first; `full` takes no more until a run ends. */
export const WORKER_CONDITIONS = ["silent", "suspended", "stopping", "drained", "full", "active"] as const;
export type WorkerCondition = (typeof WORKER_CONDITIONS)[number];

export function conditionOf(worker: Schemas["WorkerView"]): WorkerCondition {
  if (worker.silent) return "silent";
  if (worker.state === "suspended" || worker.state === "stopping") return worker.state;
  if (worker.drained || worker.state === "drained") return "drained";
  return worker.running >= worker.capacity ? "full" : "active";
}

/** Whether it takes runs, now or as soon as one ends. */
export function takesRuns(worker: Schemas["WorkerView"]): boolean {
  return ["active", "full"].includes(conditionOf(worker));
}
