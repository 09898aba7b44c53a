/** What the list of runs shows, as its address has it, and as the API is asked for it. Pure. */

import type { paths, components } from "../../api/schema";
import { choice, many, maybeText, text, type Param, type View } from "../../lib/query";

type Status = components["schemas"]["Status"];
type Trigger = components["schemas"]["Trigger"];
export type RunsQuery = NonNullable<paths["/api/v1/runs"]["get"]["parameters"]["query"]>;

export const STATUSES = [
  "running",
  "succeeded",
  "failed",
  "timeout",
  "killed",
  "lost",
  "missed",
  "skipped",
] as const satisfies readonly Status[];
export const TRIGGERS = ["cron", "manual", "retry", "misfire", "chain"] as const satisfies readonly Trigger[];
export const PRESETS = ["any", "hour", "day", "week"] as const;
export type Preset = (typeof PRESETS)[number];

export const PAGE_SIZE = 50;

const PRESET_MS: Record<Preset, number | null> = {
  any: null,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};
const MAX_MS = 4_133_980_799_999; // the end of 2100, as far as the API counts

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

export const SPEC = {
  job: text(),
  status: many(STATUSES),
  worker: text(),
  trigger: choice(["", ...TRIGGERS], ""),
  time: choice(PRESETS, "any"),
  /** Either of these takes the place of `time`. */
  since: moment(),
  until: moment(),
  cursor: maybeText(),
};

export type RunsView = View<typeof SPEC>;

export function isExact(view: RunsView): boolean {
  return view.since !== null || view.until !== null;
}

/** Whether anything but the page is chosen. */
export function isFiltered(view: RunsView): boolean {
  return Boolean(
    view.job || view.status.length || view.worker || view.trigger || view.time !== "any" || isExact(view),
  );
}

/** The parameters of `GET /runs`; `now` in ms is the end of the presets. */
export function queryOf(view: RunsView, now: number): RunsQuery {
  const preset = isExact(view) ? null : PRESET_MS[view.time];
  const since = preset === null ? view.since : now - preset;
  return {
    ...(view.job && { job: view.job }),
    ...(view.status.length && { status: [...view.status] }),
    ...(view.worker && { worker: view.worker }),
    ...(view.trigger && { trigger: [view.trigger] }),
    ...(since !== null && { since: new Date(since).toISOString() }),
    ...(view.until !== null && { until: new Date(view.until).toISOString() }),
    ...(view.cursor !== null && { cursor: view.cursor }),
    limit: PAGE_SIZE,
  };
}
