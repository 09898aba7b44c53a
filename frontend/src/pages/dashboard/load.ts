/** The workers, those in trouble first, then the busiest. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { href } from "../../app/address";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import type { LiveCard } from "../shared/live-card";
import { conditionBadge, lateness, loadBar } from "../shared/worker-state";
import { orderWorkers } from "../shared/worker-order";
import { workerLink } from "./links";
import { listCard } from "./list-card";

const SHOWN = 8;

export function loadCard(context: PageContext): LiveCard {
  return listCard<Schemas["WorkerView"]>(context, {
    id: "workers",
    title: t("dashboard:load.title"),
    minMs: 5_000,
    load: async () => {
      const { items } = await call(() => api.GET("/api/v1/workers", { signal: context.signal }));
      return { rows: orderWorkers(items, "condition").slice(0, SHOWN), total: items.length };
    },
    key: (worker) => worker.id,
    all: href("/workers"),
    empty: { icon: "hdd", title: t("dashboard:load.none") },
    columns: [
      {
        id: "worker",
        header: t("dashboard:load.worker"),
        cell: (worker) => [
          h("a", { href: workerLink(worker.id) }, worker.id),
          h("div.sub", null, conditionBadge(worker)),
        ],
      },
      {
        id: "load",
        header: t("dashboard:load.running"),
        cell: (worker) => loadBar(worker.running, worker.capacity),
      },
      {
        id: "lateness",
        header: h("span", { title: t("dashboard:load.latenessHelp") }, t("dashboard:load.lateness")),
        class: "text-end",
        cell: (worker) => lateness(worker),
      },
    ],
  });
}
