/** The workers: how they are, how loaded, what they run; taking them out of service and back. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import type { Page } from "../../app/page";
import { problemText } from "../../app/problems";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { choice, maybeText, readView, text, writeView } from "../../lib/query";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { emptyState } from "../../ui/states";
import { Table } from "../../ui/table";
import { gather } from "../shared/gather";
import "../shared/live-card.css";
import { takesRuns } from "../shared/worker-condition";
import { findWorkers, orderWorkers, WORKER_SORTS, type WorkerSort } from "../shared/worker-order";
import { serviceButton } from "./actions";
import { workerColumns } from "./columns";
import { workerPanel } from "./panel";
import "./workers.css";

type Worker = Schemas["WorkerView"];
type Sort = WorkerSort | `-${WorkerSort}`;

const REFRESH_MS = 15_000; // a worker that falls silent makes no event
const SORTS = WORKER_SORTS.flatMap((sort): Sort[] => [sort, `-${sort}`]);
const SPEC = { q: text(), sort: choice(SORTS, "condition"), worker: maybeText() };

const page: Page = async (context) => {
  const { root, title, on, every, signal, setQuery } = context;
  title(t("workers:title"));
  const view = readView(SPEC, context.query);
  const fetchAll = () => call(() => api.GET("/api/v1/workers", { signal }));
  let workers: Worker[] = (await fetchAll()).items;

  const summary = h("span.text-body-secondary.num");
  const stale = h("span.stale", { role: "status" });
  const search = h("input.form-control.form-control-sm.worker-search", {
    type: "search",
    "data-search": true,
    "aria-label": t("workers:search"),
    placeholder: t("workers:search"),
    value: view.q,
    on: {
      input: () => {
        view.q = search.value;
        changed();
      },
    },
  });
  const open = (id: string | null) => {
    view.worker = id;
    changed();
    panel.open(id);
  };
  const action = session.may("operator")
    ? (worker: Worker) =>
        serviceButton(
          worker,
          () => workers,
          () => refresh(true),
        )
    : null;
  const table = new Table<Worker>({
    caption: t("workers:title"),
    columns: workerColumns(open, action),
    key: (worker) => worker.id,
    look: (worker) => (worker.id === view.worker ? { class: "table-active" } : {}),
    sort: {
      by: () => view.sort,
      change: (by) => {
        view.sort = by as Sort;
        changed();
      },
    },
  });
  const card = h("div.card.workers");
  const panel = workerPanel(
    context,
    (id) => workers.find((worker) => worker.id === id),
    (worker) => action?.(worker) ?? null,
    (id) => {
      view.worker = null;
      changed();
      table.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(id)}"] button`)?.focus();
    },
  );

  const draw = () => {
    const found = orderWorkers(findWorkers(workers, view.q), view.sort);
    table.update(found);
    const content = !workers.length ? nobody() : !found.length ? noMatch() : table.element;
    if (card.firstChild !== content) replace(card, content);
    const capacity = workers.filter(takesRuns).reduce((sum, worker) => sum + worker.capacity, 0);
    const taken = workers.filter(takesRuns).reduce((sum, worker) => sum + worker.running, 0);
    replace(
      summary,
      workers.length > 0 &&
        t("workers:summary", {
          count: workers.length,
          free: formatNumber(Math.max(0, capacity - taken), locale()),
          capacity: formatNumber(capacity, locale()),
        }),
    );
    search.hidden = !workers.length;
  };
  function changed(): void {
    setQuery(writeView(SPEC, view));
    draw();
  }
  const refresh = gather(context, 3_000, async () => {
    try {
      workers = (await fetchAll()).items;
      replace(stale);
      draw();
      panel.update();
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      replace(stale, icon("alertTriangle"), " ", t("outOfDate", { problem: problemText(error) }));
    }
  });

  root.append(h("div.page-head", null, h("h1", null, t("workers:title")), stale, summary, search), card);
  draw();
  panel.open(view.worker);
  on("workers", () => refresh());
  on("running", () => refresh());
  on("reload", () => refresh());
  every(REFRESH_MS, refresh);
};

function nobody(): HTMLElement {
  return emptyState(
    "hdd",
    t("workers:none"),
    h("p", null, t("workers:noneHelp")),
    h("code", null, "yuanya worker --id worker-1"),
  );
}

function noMatch(): HTMLElement {
  return emptyState("search", t("workers:noMatch"));
}

export default page;
