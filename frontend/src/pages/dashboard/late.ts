/** Fires of the last 24 hours that nobody ran in time, runs that died with their worker, and fires that still wait. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { statusBadge } from "../../ui/status";
import { serverNow, time } from "../../ui/time";
import type { LiveCard } from "../shared/live-card";
import { outcomeText } from "../shared/run-words";
import { jobLink, runLink, runsLink } from "./links";
import { listCard } from "./list-card";

const STATUSES = ["missed", "lost"] as const;
const DAY_MS = 86_400_000;

/** `unclaimed` is asked for how many fires are due without a worker, as far as is known. */
export function lateCard(context: PageContext, unclaimed: () => number): LiveCard {
  return listCard<Schemas["RunView"]>(context, {
    id: "late",
    title: t("dashboard:late.title"),
    minMs: 10_000,
    load: async () => {
      const since = new Date(serverNow() - DAY_MS).toISOString();
      const query = { status: [...STATUSES], since, limit: 8 };
      const page = await call(() => api.GET("/api/v1/runs", { params: { query }, signal: context.signal }));
      return { rows: page.items, total: page.next === null ? page.items.length : null };
    },
    key: (run) => run.id,
    all: runsLink(STATUSES),
    empty: { icon: "checkCircle", title: t("dashboard:late.none") },
    above: () => {
      const count = unclaimed();
      return (
        count > 0 && h("p.note", null, icon("alertTriangle"), " ", t("dashboard:late.unclaimed", { count }))
      );
    },
    columns: [
      {
        id: "job",
        header: t("dashboard:late.job"),
        cell: (run) => h("a", { href: jobLink(run.jobName) }, run.jobName),
      },
      {
        id: "what",
        header: t("dashboard:late.what"),
        cell: (run) => h("a.plain", { href: runLink(run.id) }, statusBadge(run.status)),
      },
      { id: "when", header: t("dashboard:late.when"), cell: (run) => time(run.planTime) },
      {
        id: "reason",
        header: t("dashboard:late.reason"),
        class: "d-none d-md-table-cell",
        cell: (run) => {
          const why = outcomeText(run);
          return why && h("span.sub.clamp", { title: why }, why);
        },
      },
    ],
  });
}
