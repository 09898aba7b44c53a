/** What the list shows, as its address has it, and as the API is asked for it. Pure. */

import type { Schemas } from "../../api/client";
import { choice, many, maybeText, text, type Param, type View } from "../../lib/query";
import { ENDED_STATUSES } from "../../lib/status";

export type Job = Schemas["JobView"];
export type InvalidJob = Schemas["InvalidJobView"];
export type Row = Job | InvalidJob;

export const STATES = ["enabled", "paused", "ended", "invalid"] as const;
export const OUTCOMES = [...ENDED_STATUSES, "never"] as const satisfies readonly Schemas["LastStatus"][];
export const SORT_KEYS = ["name", "group", "state", "nextFire", "lastStatus", "lastStart"] as const;
export const PAGE_SIZES = ["25", "50", "100", "200"] as const;

export type SortKey = (typeof SORT_KEYS)[number];
type Sort = SortKey | `-${SortKey}`;

const SORTS: Sort[] = SORT_KEYS.flatMap((key): Sort[] => [key, `-${key}`]);
const MAX_CURSOR = 2_048;
const RECENT = 20; // runs of the strip

const cursor: Param<string | null> = {
  initial: null,
  read: ([value]) => (value && value.length <= MAX_CURSOR ? value : undefined),
  write: (value) => (value === null ? [] : [value]),
};

export const SPEC = {
  q: text(),
  state: choice(["", ...STATES], ""),
  lastStatus: many(OUTCOMES),
  group: maybeText(),
  tag: text(),
  label: many(),
  sort: choice(SORTS, "name"),
  limit: choice(PAGE_SIZES, "50"),
  cursor,
};

export type JobsView = View<typeof SPEC>;

export function isInvalid(row: Row): row is InvalidJob {
  return "reason" in row;
}

export function isFiltered(view: JobsView): boolean {
  return Boolean(
    view.q || view.state || view.tag || view.group !== null || view.lastStatus.length || view.label.length,
  );
}

/** The view without its filters. */
export function noFilter(): Partial<JobsView> {
  return { q: "", state: "", lastStatus: [], group: null, tag: "", label: [] };
}

/** The filters as bulk actions take them. */
export function selectionOf(view: JobsView): Schemas["JobSelection"] {
  return {
    q: view.q.trim(),
    group: view.group,
    tag: view.tag || null,
    state: view.state || null,
    lastStatus: [...view.lastStatus],
    label: [...view.label],
  };
}

/** The filters as query parameters. */
export function filterQuery(view: JobsView) {
  const { group, tag, state, ...rest } = selectionOf(view);
  return { ...rest, ...(group !== null && { group }), ...(tag && { tag }), ...(state && { state }) };
}

export function pageQuery(view: JobsView) {
  return {
    ...filterQuery(view),
    sort: view.sort,
    limit: Number(view.limit),
    recent: RECENT,
    ...(view.cursor !== null && { cursor: view.cursor }),
  };
}

/** The address of the present filters as a file. */
export function exportPath(view: JobsView, format: Schemas["ExportFormat"]): string {
  const params = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filterQuery(view)))
    for (const each of Array.isArray(value) ? value : [value])
      if (each || name === "group") params.append(name, each);
  return `api/v1/export?${params.toString()}`;
}
