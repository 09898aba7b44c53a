/** Workers found and put in order. Pure. */

import type { Schemas } from "../../api/client";
import { conditionOf, WORKER_CONDITIONS } from "./worker-condition";

type Worker = Schemas["WorkerView"];

/** `condition`: trouble first, then the busiest. */
export const WORKER_SORTS = ["id", "condition", "load", "lateness", "clock", "version", "started"] as const;
export type WorkerSort = (typeof WORKER_SORTS)[number];

const names = new Intl.Collator("en", { numeric: true });

const COMPARE: Record<WorkerSort, (a: Worker, b: Worker) => number> = {
  id: () => 0,
  condition: (a, b) => rank(a) - rank(b) || share(b) - share(a),
  load: (a, b) => share(a) - share(b),
  lateness: (a, b) => a.latenessMs - b.latenessMs,
  clock: (a, b) => Math.abs(a.clockOffsetMs) - Math.abs(b.clockOffsetMs),
  version: (a, b) => names.compare(a.version, b.version),
  started: (a, b) => Date.parse(b.started) - Date.parse(a.started),
};

/** A new list by `sort` (a leading `-`: descending), and by id where that is the same. */
export function orderWorkers(workers: readonly Worker[], sort: WorkerSort | `-${WorkerSort}`): Worker[] {
  const compare = COMPARE[sort.replace(/^-/, "") as WorkerSort];
  const sign = sort.startsWith("-") ? -1 : 1;
  const byId = sort === "-id" ? -1 : 1;
  return [...workers].sort((a, b) => sign * compare(a, b) || byId * names.compare(a.id, b.id));
}

/** Those that have every word of `text` in their id, host, version, condition or a label (`key=value`). */
export function findWorkers(workers: readonly Worker[], text: string): Worker[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return workers.filter((worker) => {
    const labels = Object.entries(worker.labels).map(([key, value]) => `${key}=${value}`);
    const all = [worker.id, worker.host, worker.version, conditionOf(worker), ...labels]
      .join(" ")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

function rank(worker: Worker): number {
  return WORKER_CONDITIONS.indexOf(conditionOf(worker));
}

function share(worker: Worker): number {
  return worker.capacity > 0 ? worker.running / worker.capacity : 1;
}
