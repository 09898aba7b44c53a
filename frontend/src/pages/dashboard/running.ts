/** What runs at this moment, the longest first. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { elapsed, ms } from "../../ui/time";
import type { LiveCard } from "../shared/live-card";
import { killRun } from "../shared/run-actions";
import { jobLink, runLink, runningLink, workerLink } from "./links";
import { listCard } from "./list-card";

type Run = Schemas["RunView"];

const SHOWN = 8;
const ASKED = 1000; // as many as the API gives: the longest come last

export function runningCard(context: PageContext): LiveCard {
  return listCard<Run>(context, {
    id: "running",
    title: t("dashboard:running.title"),
    minMs: 2_000,
    load: async () => {
      const query = { status: ["running" as const], limit: ASKED };
      const { items } = await call(() =>
        api.GET("/api/v1/runs", { params: { query }, signal: context.signal }),
      );
      items.sort((a, b) => begun(a) - begun(b));
      return { rows: items.slice(0, SHOWN), total: items.length < ASKED ? items.length : null };
    },
    key: (run) => run.id,
    all: runningLink(),
    empty: { icon: "hourglass", title: t("dashboard:running.none") },
    columns: [
      {
        id: "job",
        header: t("dashboard:running.job"),
        cell: (run) => h("a", { href: jobLink(run.jobName) }, run.jobName),
      },
      {
        id: "since",
        header: t("dashboard:running.since"),
        cell: (run) =>
          h("a.plain", { href: runLink(run.id), title: t("dashboard:running.open") }, elapsed(startOf(run))),
      },
      {
        id: "worker",
        header: t("dashboard:running.worker"),
        class: "d-none d-sm-table-cell",
        cell: (run) => h("a.plain", { href: workerLink(run.worker) }, run.worker),
      },
      ...(session.may("operator")
        ? [
            {
              id: "actions",
              header: h("span.visually-hidden", null, t("dashboard:running.actions")),
              class: "text-end",
              cell: (run: Run) => killButton(run),
            },
          ]
        : []),
    ],
  });
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

const begun = (run: Run) => ms(startOf(run));
