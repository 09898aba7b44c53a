/** What the audit shows, as its address has it, and as the API is asked for it. Pure. */

import type { paths } from "../../api/schema";
import { choice, maybeText, text, type View } from "../../lib/query";
import { isAnyTime, rangeQuery, TIME_SPEC } from "../shared/time-range";

type AuditQuery = NonNullable<paths["/api/v1/audit"]["get"]["parameters"]["query"]>;

/** Every action that there is, by what it is done to. */
export const ACTIONS = {
  job: ["create", "update", "delete", "pause", "resume", "run", "kill", "adopted"],
  worker: ["drain", "resume"],
  user: ["create", "update", "delete", "password"],
  token: ["create", "delete"],
  session: ["create", "delete", "refused", "link"],
} as const;

export type Kind = keyof typeof ACTIONS;
export type Action = { [K in Kind]: `${K}.${(typeof ACTIONS)[K][number]}` }[Kind];

export const KINDS = Object.keys(ACTIONS) as Kind[];

/** Those of one kind, or all. */
export function actionsOf(kind: Kind | ""): Action[] {
  return (kind ? [kind] : KINDS).flatMap((each) => ACTIONS[each].map((name) => `${each}.${name}` as Action));
}

export const PAGE_SIZE = 50;

export const SPEC = {
  kind: choice(["", ...KINDS], ""),
  action: choice(["", ...actionsOf("")], ""),
  target: text(),
  actor: text(),
  ...TIME_SPEC,
  cursor: maybeText(),
};

export type AuditShown = View<typeof SPEC>;

/** The view after `part` was chosen: back at its first page, without an action that is of another kind. */
export function chosen(view: AuditShown, part: Partial<AuditShown>): AuditShown {
  const next = { ...view, cursor: null, ...part };
  return next.kind && !actionsOf(next.kind).some((each) => each === next.action)
    ? { ...next, action: "" }
    : next;
}

/** Whether anything but the page is chosen. */
export function isFiltered(view: AuditShown): boolean {
  return Boolean(view.kind || view.action || view.target || view.actor) || !isAnyTime(view);
}

/** The filters as `GET /audit` and its export take them; `now` in ms is the end of the presets. */
export function filterQuery(view: AuditShown, now: number): AuditQuery {
  return {
    ...(view.kind && { kind: view.kind }),
    ...(view.action && { action: view.action }),
    ...(view.target && { target: view.target }),
    ...(view.actor && { actor: view.actor }),
    ...rangeQuery(view, now),
  };
}

export function pageQuery(view: AuditShown, now: number): AuditQuery {
  return {
    ...filterQuery(view, now),
    ...(view.cursor !== null && { cursor: view.cursor }),
    limit: PAGE_SIZE,
  };
}

/** Where the whole of it can be downloaded, relative to the page. */
export function exportPath(view: AuditShown, format: "csv" | "jsonl", now: number): string {
  const search = new URLSearchParams({ ...(filterQuery(view, now) as Record<string, string>), format });
  return `api/v1/audit/export?${search.toString()}`;
}
