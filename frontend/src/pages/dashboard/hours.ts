/** Quarter hours of runs as the hours of the viewer's clock, also where that is off UTC by half an hour. Pure. */

import type { Schemas } from "../../api/client";
import { zonedParts } from "../../lib/zones";

export type Status = Schemas["Status"];

/** One bar; times in epoch ms. */
export interface Hour {
  start: number;
  end: number;
  runs: Partial<Record<Status, number>>;
  total: number;
}

export const HOURS = 24;
/** All zones of today are off UTC by a multiple of this. */
export const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;

/** When the earliest of the hours begins that end with the one of `now`. */
export function firstHour(now: number, zone?: string): number {
  const { minute, second } = zonedParts(now, zone);
  const milliseconds = ((now % 1000) + 1000) % 1000;
  return now - minute * 60_000 - second * 1000 - milliseconds - (HOURS - 1) * HOUR_MS;
}

/** `buckets` start at multiples of a quarter hour; what lies outside of the hours from `first` on is left out. */
export function byHour(buckets: readonly Schemas["HistoryBucket"][], first: number): Hour[] {
  const hours: Hour[] = Array.from({ length: HOURS }, (_, index) => ({
    start: first + index * HOUR_MS,
    end: first + (index + 1) * HOUR_MS,
    runs: {},
    total: 0,
  }));
  for (const bucket of buckets) {
    const hour = hours[Math.floor((Date.parse(bucket.start) - first) / HOUR_MS)];
    if (!hour) continue;
    for (const [status, count] of Object.entries(bucket.runs) as [Status, number][]) {
      hour.runs[status] = (hour.runs[status] ?? 0) + count;
      hour.total += count;
    }
  }
  return hours;
}
