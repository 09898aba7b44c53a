/** The table of workers. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { translateProblem } from "../../lib/problems-zh";
import { formatDuration } from "../../lib/time";
import { h } from "../../ui/dom";
import type { Column } from "../../ui/table";
import { elapsed } from "../../ui/time";
import { conditionBadge, lateness, loadBar } from "../shared/worker-state";

type Worker = Schemas["WorkerView"];

const NOTABLE_OFFSET_MS = 1_000; // at 2 s the worker suspends itself

/** `open` shows the details of a worker; `action` is the last cell. */
export function workerColumns(
  open: (id: string) => void,
  action: ((worker: Worker) => HTMLElement | null) | null,
): Column<Worker>[] {
  const columns: Column<Worker>[] = [
    {
      id: "worker",
      header: t("workers:column.worker"),
      sort: "id",
      cell: (worker) => [
        h(
          "button.btn.btn-link.p-0.text-start",
          {
            type: "button",
            "aria-label": t("workers:details", { name: worker.id }),
            on: { click: () => open(worker.id) },
          },
          worker.id,
        ),
        h("div.sub", null, `${worker.host} · ${worker.pid}`),
      ],
    },
    {
      id: "condition",
      header: t("workers:column.condition"),
      sort: "condition",
      cell: (worker) => [conditionBadge(worker), worker.reason && h("div.sub", null, reasonOf(worker))],
    },
    {
      id: "load",
      header: t("workers:column.load"),
      sort: "load",
      cell: (worker) => loadBar(worker.running, worker.capacity),
    },
    {
      id: "labels",
      header: t("workers:column.labels"),
      class: "d-none d-md-table-cell",
      cell: (worker) => labelChips(worker),
    },
    {
      id: "lateness",
      header: h("span", { title: t("workers:latenessHelp") }, t("workers:column.lateness")),
      sort: "lateness",
      class: "text-end d-none d-sm-table-cell",
      cell: (worker) => lateness(worker),
    },
    {
      id: "clock",
      header: h("span", { title: t("workers:clockHelp") }, t("workers:column.clock")),
      sort: "clock",
      class: "text-end d-none d-lg-table-cell",
      cell: (worker) => clockOffset(worker),
    },
    {
      id: "version",
      header: t("workers:column.version"),
      sort: "version",
      class: "d-none d-lg-table-cell",
      cell: (worker) => worker.version,
    },
    {
      id: "started",
      header: t("workers:column.started"),
      sort: "started",
      class: "text-end d-none d-lg-table-cell",
      cell: (worker) => elapsed(worker.started),
    },
  ];
  if (action)
    columns.push({
      id: "actions",
      header: h("span.visually-hidden", null, t("workers:column.actions")),
      class: "text-end d-none d-sm-table-cell",
      cell: action,
    });
  return columns;
}

/** The worker speaks English. */
export function reasonOf({ reason }: Worker): string {
  return translateProblem(reason, locale());
}

export function labelChips(worker: Worker): HTMLElement[] | HTMLElement {
  const labels = Object.entries(worker.labels);
  if (!labels.length) return h("span.text-body-secondary", null, "–");
  return labels.map(([key, value]) => {
    const text = value ? `${key}=${value}` : key;
    return h("span.chip.me-1", { title: text }, text);
  });
}

/** With its sign: ahead of the cluster or behind. */
export function clockOffset(worker: Worker): HTMLElement {
  const { clockOffsetMs: offset } = worker;
  const text = formatDuration(Math.abs(offset), locale());
  return h(
    "span.num.text-nowrap",
    { class: Math.abs(offset) >= NOTABLE_OFFSET_MS ? "notable" : "" },
    offset === 0 ? text : `${offset > 0 ? "+" : "−"}${text}`,
  );
}
