/** Jobs whose last run was bad, the latest first. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h } from "../../ui/dom";
import { BAD_STATUSES, statusBadge } from "../../ui/status";
import { ago } from "../../ui/time";
import type { LiveCard } from "../shared/live-card";
import { failingJobsLink, jobLink } from "./links";
import { listCard } from "./list-card";

type Failing = Pick<Schemas["JobView"], "name"> & { last: Schemas["LastRun"] };

export function failingCard(context: PageContext): LiveCard {
  return listCard<Failing>(context, {
    id: "failing",
    title: t("dashboard:failing.title"),
    minMs: 4_000,
    load: async () => {
      const query = { lastStatus: [...BAD_STATUSES], sort: "-lastStart", limit: 8 };
      const page = await call(() => api.GET("/api/v1/jobs", { params: { query }, signal: context.signal }));
      const rows = page.items.flatMap((job) =>
        "lastRun" in job && job.lastRun ? [{ name: job.name, last: job.lastRun }] : [],
      );
      return { rows, total: page.total };
    },
    key: (job) => job.name,
    all: failingJobsLink(),
    empty: { icon: "checkCircle", title: t("dashboard:failing.none") },
    columns: [
      {
        id: "job",
        header: t("dashboard:failing.job"),
        cell: ({ name }) => h("a", { href: jobLink(name) }, name),
      },
      {
        id: "outcome",
        header: t("dashboard:failing.outcome"),
        cell: ({ last }) => [statusBadge(last.status), " ", h("span.sub", null, ago(last.endTime))],
      },
      {
        id: "times",
        header: t("dashboard:failing.times"),
        class: "text-end",
        cell: ({ last }) => h("span.num", null, formatNumber(last.failuresInARow, locale())),
      },
      {
        id: "success",
        header: t("dashboard:failing.since"),
        class: "d-none d-sm-table-cell text-nowrap",
        cell: ({ last }) =>
          last.lastSuccess ? ago(last.lastSuccess) : h("span.sub", null, t("dashboard:failing.never")),
      },
    ],
  });
}
