/** What the list of runs shows, as its address has it, and as the API is asked for it. Pure. */

import type { paths, components } from "../../api/schema";
import { choice, many, maybeText, text, type View } from "../../lib/query";
import { ENDED_STATUSES } from "../../lib/status";
import { isAnyTime, rangeQuery, TIME_SPEC } from "../shared/time-range";

type Status = components["schemas"]["Status"];
type Trigger = components["schemas"]["Trigger"];
export type RunsQuery = NonNullable<paths["/api/v1/runs"]["get"]["parameters"]["query"]>;

export const STATUSES = ["running", ...ENDED_STATUSES] as const satisfies readonly Status[];
export const TRIGGERS = ["cron", "manual", "retry", "misfire", "chain"] as const satisfies readonly Trigger[];

export const PAGE_SIZE = 50;

export const SPEC = {
  job: text(),
  status: many(STATUSES),
  worker: text(),
  trigger: choice(["", ...TRIGGERS], ""),
  ...TIME_SPEC,
  cursor: maybeText(),
};

export type RunsView = View<typeof SPEC>;

/** Whether anything but the page is chosen. */
export function isFiltered(view: RunsView): boolean {
  return Boolean(view.job || view.status.length || view.worker || view.trigger) || !isAnyTime(view);
}

/** The parameters of `GET /runs`; `now` in ms is the end of the presets. */
export function queryOf(view: RunsView, now: number): RunsQuery {
  return {
    ...(view.job && { job: view.job }),
    ...(view.status.length && { status: [...view.status] }),
    ...(view.worker && { worker: view.worker }),
    ...(view.trigger && { trigger: [view.trigger] }),
    ...rangeQuery(view, now),
    ...(view.cursor !== null && { cursor: view.cursor }),
    limit: PAGE_SIZE,
  };
}
