/** What the chart of a job's last runs shows. Pure. */

import type { Schemas } from "../../api/client";
import { summarize, type Summary } from "../../lib/stats";

type RunView = Schemas["RunView"];

export interface RunBar {
  run: RunView;
  /** Seconds from start to end, or to now while it runs; null where it never started. */
  seconds: number | null;
}

export interface RunBars {
  /** Oldest first. */
  bars: RunBar[];
  /** Of the runs that have ended, ms. */
  durations: Summary;
  /** Whether the longest is so much longer than the typical one that a linear scale would hide the rest. */
  logarithmic: boolean;
}

const LOG_FROM = 20; // times the median

/** `runs` as the API lists them: those in progress first, then newest first. Orders that wait are left out. */
export function runBars(runs: readonly RunView[], now: number): RunBars {
  const bars = runs
    .filter((run) => run.status !== "queued")
    .map((run) => ({ run, seconds: secondsOf(run, now) }))
    .sort((a, b) => Date.parse(a.run.planTime) - Date.parse(b.run.planTime));
  const durations = summarize(
    bars.flatMap(({ run, seconds }) => (run.endTime && seconds !== null ? [seconds * 1000] : [])),
  );
  const { p50, max } = durations;
  return { bars, durations, logarithmic: p50 !== null && max !== null && max > LOG_FROM * Math.max(p50, 1) };
}

function secondsOf(run: RunView, now: number): number | null {
  if (!run.startTime) return null;
  const end = run.endTime ? Date.parse(run.endTime) : now;
  return Math.max(0, end - Date.parse(run.startTime)) / 1000;
}
