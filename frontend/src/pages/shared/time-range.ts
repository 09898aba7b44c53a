/** A stretch of time as a filter: one of some last hours, or exact ends. Pure. */

import { choice, type Param } from "../../lib/query";

export const PRESETS = ["any", "hour", "day", "week"] as const;
export type Preset = (typeof PRESETS)[number];

const PRESET_MS: Record<Preset, number | null> = {
  any: null,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};
const MAX_MS = 4_133_980_799_999; // the end of 2100, as far as the API counts

/** Parts of a view; `since` or `until` (ms) take the place of `time`. */
export interface TimeRange {
  time: Preset;
  since: number | null;
  until: number | null;
}

export const ANY_TIME: TimeRange = { time: "any", since: null, until: null };

export const TIME_SPEC = { time: choice(PRESETS, "any"), since: moment(), until: moment() };

export function isExact({ since, until }: TimeRange): boolean {
  return since !== null || until !== null;
}

export function isAnyTime(range: TimeRange): boolean {
  return range.time === "any" && !isExact(range);
}

/** The parameters of the API; `now` in ms is the end of the presets. */
export function rangeQuery(range: TimeRange, now: number): { since?: string; until?: string } {
  const preset = isExact(range) ? null : PRESET_MS[range.time];
  const since = preset === null ? range.since : now - preset;
  return {
    ...(since !== null && { since: new Date(since).toISOString() }),
    ...(range.until !== null && { until: new Date(range.until).toISOString() }),
  };
}

/** An instant, written as the API writes it (in whole seconds where it can be); null for none. */
function moment(): Param<number | null> {
  return {
    initial: null,
    read: ([value = ""]) => {
      const ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
      return ms >= 0 && ms <= MAX_MS ? ms : undefined;
    },
    write: (value) => (value === null ? [] : [new Date(value).toISOString().replace(".000Z", "Z")]),
  };
}
