/** Columns of lists of runs in progress. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Column } from "../../ui/table";
import { elapsed, ms } from "../../ui/time";
import { killRun } from "./run-actions";

type Run = Schemas["RunView"];

/** The job, how long it has been running, `others`, and a button to kill it for those who may. */
export function runningColumns(...others: Column<Run>[]): Column<Run>[] {
  const columns: Column<Run>[] = [
    {
      id: "job",
      header: t("dashboard:running.job"),
      cell: (run) => h("a", { href: href("/jobs/:name", { name: run.jobName }) }, run.jobName),
    },
    {
      id: "since",
      header: t("dashboard:running.since"),
      cell: (run) =>
        h(
          "a.plain",
          { href: href("/runs/:id", { id: run.id }), title: t("dashboard:running.open") },
          elapsed(startOf(run)),
        ),
    },
    ...others,
  ];
  if (session.may("operator"))
    columns.push({
      id: "actions",
      header: h("span.visually-hidden", null, t("dashboard:running.actions")),
      class: "text-end",
      cell: killButton,
    });
  return columns;
}

/** Those that have been running the longest first. */
export function longestFirst(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => ms(startOf(a)) - ms(startOf(b)));
}

function killButton(run: Run): HTMLElement {
  const label = t("dashboard:running.kill", { name: run.jobName });
  return h(
    "button.btn.btn-sm.btn-icon.text-danger",
    {
      type: "button",
      "data-action": "kill",
      "aria-label": label,
      title: label,
      on: { click: () => killRun(run.id, run.jobName) },
    },
    icon("stop"),
  );
}

/** A run in progress has no row yet that says when its command began; it was claimed a moment before. */
function startOf(run: Run): string {
  return run.startTime ?? run.scheduleTime ?? run.planTime;
}
