/** What a row of the list of runs says. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { statusBadge } from "../../ui/status";
import type { Column } from "../../ui/table";
import { duration, elapsed, time } from "../../ui/time";
import { counted, latenessBadge, outcomeText, triggerText } from "../shared/run-words";

/** A run, and whether this reader has ordered its end. */
export interface Row {
  run: Schemas["RunView"];
  ending: boolean;
}

/** `kill` is asked for with the run's row. */
export function columns(kill: (run: Row["run"]) => void): Column<Row>[] {
  return [
    { id: "status", header: t("runs:column.status"), cell: statusCell },
    {
      id: "job",
      header: t("runs:column.job"),
      cell: ({ run }) => h("a", { href: href("/jobs/:name", { name: run.jobName }) }, run.jobName),
    },
    { id: "plan", header: t("runs:column.plan"), cell: planCell },
    { id: "late", header: t("runs:column.late"), cell: ({ run }) => latenessBadge(run) },
    { id: "duration", header: t("runs:column.duration"), class: "num", cell: durationCell },
    {
      id: "worker",
      header: t("runs:column.worker"),
      // Whoever recorded it is not where a fire that never ran was run.
      cell: ({ run }) =>
        run.status === "missed" || run.status === "skipped" || !run.worker ? null : workerName(run.worker),
    },
    { id: "trigger", header: t("runs:column.trigger"), cell: ({ run }) => triggerCell(run) },
    {
      id: "detail",
      header: t("runs:column.detail"),
      cell: ({ run }) => {
        const text = outcomeText(run);
        return text && h("span.detail", { title: text }, text);
      },
    },
    {
      id: "actions",
      header: h("span.visually-hidden", null, t("runs:column.actions")),
      cell: ({ run, ending }) => run.status === "running" && !ending && killButton(run, kill),
    },
  ];
}

function statusCell({ run, ending }: Row): Child {
  const badge = statusBadge(run.status);
  if (ending && run.status === "running")
    return [badge, h("div.small.text-body-secondary.text-nowrap", null, t("runs:ending"))];
  if (run.count === 1) return badge;
  return [badge, h("span.times-count", null, ` × ${counted(run).number}`)];
}

function planCell({ run }: Row): Child {
  return h(
    "a.run-link",
    { href: href("/runs/:id", { id: run.id }) },
    time(run.planTime, { seconds: true }),
    run.count > 1 && run.lastPlanTime && [" – ", time(run.lastPlanTime, { seconds: true })],
    h("span.visually-hidden", null, ` ${t("runs:runOf", { name: run.jobName })}`),
  );
}

function durationCell({ run }: Row): Child {
  if (run.status !== "running") return run.startTime && duration(run.startTime, run.endTime);
  if (run.startTime) return elapsed(run.startTime);
  const made = elapsed(run.scheduleTime);
  made.title = `${made.title} · ${t("runs:sinceClaim")}`;
  return made;
}

function workerName(worker: string): HTMLElement {
  return h("span.worker-name", { title: worker }, worker);
}

function triggerCell(run: Row["run"]): Child {
  const by = run.trigger === "manual" && run.by ? ` (${run.by})` : "";
  return `${triggerText(run)}${by}`;
}

function killButton(run: Row["run"], kill: (run: Row["run"]) => void): Child {
  if (!session.may("operator")) return null;
  const label = t("runs:killLabel", { name: run.jobName });
  return h(
    "button.btn.btn-sm.btn-outline-danger",
    {
      type: "button",
      "data-action": "kill",
      title: label,
      "aria-label": label,
      on: { click: () => kill(run) },
    },
    icon("stop"),
  );
}
