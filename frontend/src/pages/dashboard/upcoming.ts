/** What fires next, counting down. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { ago, ms, serverNow, time } from "../../ui/time";
import type { LiveCard } from "../shared/live-card";
import { jobLink } from "./links";
import { listCard } from "./list-card";
import { href } from "../../app/address";

type Job = Pick<Schemas["JobView"], "name" | "nextFire" | "scheduleText" | "cronExpr">;

const PASSED_MS = 1_000; // how often to look whether the first one has fired

export function upcomingCard(context: PageContext): LiveCard {
  let first = Infinity;
  const card = listCard<Job>(context, {
    id: "upcoming",
    title: t("dashboard:upcoming.title"),
    minMs: 4_000,
    load: async () => {
      const query = { sort: "nextFire", state: "enabled" as const, limit: 8 };
      const page = await call(() => api.GET("/api/v1/jobs", { params: { query }, signal: context.signal }));
      const rows = page.items.flatMap((job) =>
        "cronExpr" in job && job.nextFire
          ? [
              {
                name: job.name,
                nextFire: job.nextFire,
                scheduleText: job.scheduleText,
                cronExpr: job.cronExpr,
              },
            ]
          : [],
      );
      first = rows[0] ? ms(rows[0].nextFire) : Infinity;
      return { rows, total: page.total };
    },
    key: (job) => job.name,
    all: href("/jobs", {}, { state: "enabled", sort: "nextFire" }),
    empty: { icon: "calendar3", title: t("dashboard:upcoming.none") },
    columns: [
      {
        id: "job",
        header: t("dashboard:upcoming.job"),
        cell: (job) => [
          h("a", { href: jobLink(job.name) }, job.name),
          h("div.sub.clamp.one-line", { title: `${job.scheduleText} (${job.cronExpr})` }, job.scheduleText),
        ],
      },
      {
        id: "at",
        header: t("dashboard:upcoming.at"),
        cell: (job) => time(job.nextFire, { seconds: true }),
      },
      { id: "in", header: t("dashboard:upcoming.in"), cell: (job) => ago(job.nextFire) },
    ],
  });
  context.every(PASSED_MS, () => {
    if (serverNow() > first) card.refresh();
  });
  return card;
}
