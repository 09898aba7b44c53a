/** What ran, as lanes of bars. Pure. */

import type { Schemas } from "../../api/client";
import type { RunStatus } from "../../ui/status";
import { HOUR_MS, MINUTE_MS } from "./buckets";

type Status = Schemas["Status"];

export interface Window {
  from: number;
  until: number;
}

export interface Lane {
  worker: string;
  /** Runs of each bucket by outcome. */
  buckets: Partial<Record<Status, number>>[];
  total: number;
  bad: number;
}

/** The whole buckets of `bucketMs` that hold the `hours` before `now`. */
export function lastHours(now: number, hours: number, bucketMs: number): Window {
  const floor = (at: number) => Math.floor(at / bucketMs) * bucketMs;
  return { from: floor(now - hours * HOUR_MS), until: floor(now) + bucketMs };
}

/** One lane a worker, in the order of the API; buckets outside of the window are left out. */
export function lanes(work: Schemas["Workload"], { from, until }: Window, bad: readonly Status[]): Lane[] {
  const bucketMs = work.bucketSeconds * 1000;
  const count = Math.round((until - from) / bucketMs);
  return work.workers.map(({ worker, items }) => {
    const buckets: Lane["buckets"] = Array.from({ length: count }, () => ({}));
    for (const { start, runs } of items) {
      const place = Math.round((Date.parse(start) - from) / bucketMs);
      if (buckets[place]) buckets[place] = runs;
    }
    return { worker, buckets, total: total(buckets), bad: total(buckets, bad) };
  });
}

function total(buckets: Lane["buckets"], only?: readonly Status[]): number {
  let count = 0;
  for (const bucket of buckets)
    for (const [status, runs] of Object.entries(bucket))
      if (!only || only.includes(status as Status)) count += runs;
  return count;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240].map((minutes) => minutes * MINUTE_MS);

/** Round instants of the window, about `most` and without its end; `offsetMs` is that of the zone whose round times they are. */
export function ticks({ from, until }: Window, most: number, offsetMs: number): number[] {
  const step = STEPS.find((each) => (until - from) / each <= most) ?? 6 * HOUR_MS;
  const first = Math.ceil((from + offsetMs) / step) * step - offsetMs;
  return Array.from(
    { length: Math.max(0, Math.ceil((until - first) / step)) },
    (_, place) => first + place * step,
  );
}

/** A run as a bar: what has no start stands at its planned time and has no length. */
export interface RunBar {
  id: string;
  job: string;
  worker: string;
  status: RunStatus;
  start: number;
  end: number;
  started: boolean;
}

/** `now` is the end of what still runs. Orders that no worker has taken are left out. */
export function runBars(runs: readonly Schemas["RunView"][], now: number): RunBar[] {
  return runs
    .filter(({ status }) => status !== "queued")
    .map((run) => {
      const start = Date.parse(run.startTime ?? run.planTime);
      const end = run.endTime ? Date.parse(run.endTime) : run.status === "running" ? now : start;
      return {
        id: run.id,
        job: run.jobName,
        worker: run.worker,
        status: run.status,
        start,
        end: run.startTime ? Math.max(start, end) : start,
        started: run.startTime !== null,
      };
    });
}
