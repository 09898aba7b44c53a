/** How runs and jobs are: the same colour, symbol and word everywhere, never the colour alone. */

import type { Schemas } from "../api/client";
import { t } from "../i18n";
import { h } from "./dom";
import { icon, type IconName } from "./icons";

export type RunStatus = Schemas["Status"] | "queued";
export type JobState = Schemas["JobStatus"];

const RUN_ICONS: Record<RunStatus, IconName> = {
  queued: "hourglass",
  running: "arrowRepeat",
  succeeded: "checkCircle",
  failed: "xCircle",
  timeout: "clock",
  killed: "stop",
  skipped: "dashCircle",
  missed: "alertTriangle",
  lost: "wifiOff",
};

/** In the order of charts and legends. */
export const RUN_STATUSES: readonly Schemas["Status"][] = [
  "succeeded",
  "running",
  "failed",
  "timeout",
  "killed",
  "lost",
  "missed",
  "skipped",
];

/** Outcomes that count as failing. */
export const BAD_STATUSES = ["failed", "timeout", "killed", "lost"] as const;

export function statusBadge(status: RunStatus): HTMLElement {
  return h(
    "span.status",
    { "data-status": status },
    icon(RUN_ICONS[status], status === "running" ? "spin" : ""),
    h("span", null, t(`status.${status}`)),
  );
}

export function stateBadge(state: JobState): HTMLElement {
  return h("span.job-state", { "data-state": state }, t(`state.${state}`));
}

/** The colour of a status as a CSS variable, for charts. */
export function statusColor(status: RunStatus): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--status-${status}`).trim();
}
