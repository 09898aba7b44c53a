/** One worker in a panel at the side: all that is known of it, and what it runs now. */

import Offcanvas from "bootstrap/js/dist/offcanvas";
import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import { href } from "../../app/address";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h, newId, replace, type Child } from "../../ui/dom";
import { errorState, loadingState } from "../../ui/states";
import { Table } from "../../ui/table";
import { elapsed, time } from "../../ui/time";
import { gather } from "../shared/gather";
import { longestFirst, runningColumns } from "../shared/running-runs";
import { conditionBadge, lateness, loadBar } from "../shared/worker-state";
import { clockOffset, labelChips, reasonOf } from "./columns";

type Worker = Schemas["WorkerView"];
type Run = Schemas["RunView"];

const SHOWN = 50;

export interface Panel {
  /** Shows the worker `id`, or closes with null. */
  open(id: string | null): void;
  /** There is news of the workers, or of what runs. */
  update(): void;
}

/** `find` looks a worker up, `action` makes its button; `closed` is called when the reader closes the panel. */
export function workerPanel(
  context: PageContext,
  find: (id: string) => Worker | undefined,
  action: (worker: Worker) => HTMLElement | null,
  closed: (id: string) => void,
): Panel {
  let id: string | null = null;
  let known = "";
  const titleId = newId("worker");
  const heading = h("h2.offcanvas-title.fs-5", { id: titleId });
  const facts = h("div");
  const runs = h("div.live-card-body");
  const more = h("p.sub");
  const table = new Table<Run>({
    caption: t("workers:runningNow"),
    columns: runningColumns(),
    key: (run) => run.id,
  });
  const all = h("a.small");
  const element = h(
    "div.offcanvas.offcanvas-end.worker-panel",
    { tabindex: "-1", "aria-labelledby": titleId },
    h(
      "div.offcanvas-header",
      null,
      heading,
      h("button.btn-close", { type: "button", "data-bs-dismiss": "offcanvas", "aria-label": t("close") }),
    ),
    h(
      "div.offcanvas-body",
      null,
      facts,
      h("div.worker-runs-head", null, h("h3.section-title", null, t("workers:runningNow")), all),
      runs,
      more,
    ),
  );
  document.body.append(element);
  const offcanvas = new Offcanvas(element, { backdrop: false, scroll: true });
  element.addEventListener("shown.bs.offcanvas", () => {
    // The page beside it stays usable.
    element.removeAttribute("aria-modal");
    element.focus();
  });
  element.addEventListener("hidden.bs.offcanvas", () => {
    const shown = id;
    id = null;
    if (shown !== null) closed(shown);
  });
  context.onLeave(() => {
    offcanvas.dispose();
    element.remove();
  });

  const loadRuns = gather(context, 2_000, async () => {
    const wanted = id;
    if (wanted === null) return;
    try {
      const query = { worker: wanted, status: ["running" as const], limit: 1000 };
      const { items } = await call(() =>
        api.GET("/api/v1/runs", { params: { query }, signal: context.signal }),
      );
      if (wanted !== id) return;
      table.update(longestFirst(items).slice(0, SHOWN));
      if (!items.length) replace(runs, h("p.text-body-secondary", null, t("workers:nothingRuns")));
      else if (!table.element.isConnected) replace(runs, table.element);
      replace(more, items.length > SHOWN && t("workers:moreRuns", { count: items.length - SHOWN }));
    } catch (error) {
      if (isAbort(error) || context.signal.aborted || wanted !== id) return;
      replace(
        runs,
        errorState(error, () => loadRuns(true)),
      );
    }
  });

  const showFacts = () => {
    if (id === null) return;
    const worker = find(id);
    const signature = JSON.stringify(worker ?? null);
    if (signature === known) return;
    known = signature;
    const focused = facts.contains(document.activeElement);
    replace(facts, worker ? factsOf(worker, action(worker)) : h("p", null, t("workers:gone")));
    if (focused) facts.querySelector("button")?.focus();
  };

  return {
    open(wanted) {
      if (wanted === id) return;
      if (wanted === null) {
        offcanvas.hide();
        return;
      }
      id = wanted;
      known = "";
      replace(heading, wanted);
      all.href = href("/runs", {}, { worker: wanted });
      replace(all, t("workers:allRuns"));
      replace(runs, loadingState());
      replace(more);
      showFacts();
      loadRuns(true);
      offcanvas.show();
    },
    update() {
      showFacts();
      loadRuns();
    },
  };
}

function factsOf(worker: Worker, action: Child): Child {
  const rows: [string, Child][] = [
    [t("workers:column.condition"), conditionBadge(worker)],
    ...(worker.reason ? [[t("workers:reason"), reasonOf(worker)] as [string, Child]] : []),
    [t("workers:slots"), loadBar(worker.running, worker.capacity)],
    [t("workers:column.lateness"), h("span", { title: t("workers:latenessHelp") }, lateness(worker))],
    [t("workers:column.clock"), h("span", { title: t("workers:clockHelp") }, clockOffset(worker))],
    [t("workers:column.labels"), labelChips(worker)],
    [t("workers:host"), worker.host],
    [t("workers:process"), String(worker.pid)],
    [t("workers:column.version"), worker.version],
    [t("workers:since"), time(worker.started, { seconds: true })],
    [t("workers:column.started"), elapsed(worker.started)],
  ];
  return [
    h(
      "dl.facts.mb-3",
      null,
      rows.map(([term, value]) => [h("dt", null, term), h("dd", null, value)]),
    ),
    action && h("div.mb-3", null, action),
  ];
}
