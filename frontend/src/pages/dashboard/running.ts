/** What runs at this moment, the longest first. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import type { LiveCard } from "../shared/live-card";
import { longestFirst, runningColumns } from "../shared/running-runs";
import { runningLink, workerLink } from "./links";
import { listCard } from "./list-card";

const SHOWN = 8;
const ASKED = 1000; // as many as the API gives: the longest come last

export function runningCard(context: PageContext): LiveCard {
  return listCard<Schemas["RunView"]>(context, {
    id: "running",
    title: t("dashboard:running.title"),
    minMs: 2_000,
    load: async () => {
      const query = { status: ["running" as const], limit: ASKED };
      const { signal } = context;
      const { items } = await call(() => api.GET("/api/v1/runs", { params: { query }, signal }));
      const rows = longestFirst(items).slice(0, SHOWN);
      return { rows, total: items.length < ASKED ? items.length : null };
    },
    key: (run) => run.id,
    all: runningLink(),
    empty: { icon: "hourglass", title: t("dashboard:running.none") },
    columns: runningColumns({
      id: "worker",
      header: t("dashboard:running.worker"),
      class: "d-none d-sm-table-cell",
      cell: (run) => h("a.plain.cut", { href: workerLink(run.worker), title: run.worker }, run.worker),
    }),
  });
}
