/** The runs of the job, page by page, of all outcomes or one. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import { href } from "../../app/address";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { Pager } from "../../ui/pager";
import { emptyState, errorState, loadingState } from "../../ui/states";
import { BAD_STATUSES, RUN_STATUSES, statusBadge } from "../../ui/status";
import { Table, type Column } from "../../ui/table";
import { duration, time } from "../../ui/time";
import { gather } from "../shared/gather";
import { latenessBadge, outcomeText, triggerText } from "../shared/run-words";
import { staleNote } from "../shared/stale-note";
import type { JobSource } from "./source";

type RunView = Schemas["RunView"];
type Status = Schemas["Status"];

const PER_PAGE = 50;
const MISSING: readonly Status[] = ["missed"];

/** `query` is that of the page's address; `status` in it is kept up to date through `setQuery`. */
export function runsPanel(source: JobSource, query: URLSearchParams, setQuery: () => void): HTMLElement {
  const { name, context } = source;
  const filter = statusFilter(query.get("status") ?? "");
  const table = new Table<RunView>({
    caption: t("job:runs.title"),
    columns: columns(),
    key: (run) => run.id,
  });
  const place = h("div", null, loadingState());
  const stale = staleNote();
  let drawn: string | null = null; // the choice of outcomes that is shown

  const load = async (signal: AbortSignal) => {
    const wanted = { job: name, status: statusesOf(filter.value), limit: PER_PAGE, cursor: pager.current };
    try {
      const page = await call(() => api.GET("/api/v1/runs", { params: { query: wanted }, signal }));
      drawn = filter.value;
      stale.show(null);
      table.update(page.items);
      const words = t("job:runs.shown", {
        count: page.items.length,
        number: formatNumber(page.items.length, locale()),
      });
      pager.update(page.next, words);
      if (page.items.length) show(table.element, pager.element);
      else
        show(
          emptyState(
            "clockHistory",
            t("job:runs.none"),
            t(filter.value ? "job:runs.noneText" : "job:runs.neverText"),
          ),
        );
    } catch (error) {
      if (isAbort(error)) return;
      pager.restore();
      if (drawn === filter.value) stale.show(error);
      else show(errorState(error, () => renew(true)));
    }
  };
  const show = (...wanted: Element[]) => {
    if (wanted.some((element, i) => place.children[i] !== element)) replace(place, wanted);
  };
  const renew = gather(context, 1_000, load);
  const pager = new Pager(null, () => renew(true));
  source.onRuns(() => pager.current === null && renew());
  context.on("running", () => pager.current === null && renew());
  filter.addEventListener("change", () => {
    if (filter.value) query.set("status", filter.value);
    else query.delete("status");
    setQuery();
    pager.reset();
    renew(true);
  });
  renew();
  return h(
    "section.card",
    { "data-card": "runs" },
    h(
      "div.card-head.pb-3",
      null,
      h("h2", null, t("job:runs.title")),
      stale.element,
      h("a.small", { href: href("/runs", {}, { job: name }) }, t("job:runs.all")),
      filter,
    ),
    place,
  );
}

function columns(): Column<RunView>[] {
  return [
    { id: "outcome", header: t("job:runs.outcome"), cell: outcome },
    { id: "planned", header: t("job:runs.planned"), cell: planned },
    { id: "late", header: t("job:runs.late"), cell: latenessBadge },
    { id: "duration", header: t("job:runs.duration"), cell: (run) => duration(run.startTime, run.endTime) },
    { id: "trigger", header: t("job:runs.trigger"), cell: trigger },
    { id: "worker", header: t("job:runs.worker"), cell: (run) => run.startTime && run.worker },
    { id: "why", header: t("job:runs.why"), cell: outcomeText },
  ];
}

function outcome(run: RunView): Child {
  const fires = { count: run.count, number: formatNumber(run.count, locale()) };
  return [statusBadge(run.status), run.count > 1 && h("div.small", null, t("job:runs.fires", fires))];
}

function planned(run: RunView): Child {
  return h("a", { href: href("/runs/:id", { id: run.id }) }, time(run.planTime, { seconds: true }));
}

function trigger(run: RunView): string {
  return run.trigger === "manual" && run.by ? `${triggerText(run)} (${run.by})` : triggerText(run);
}

function statusFilter(value: string): HTMLSelectElement {
  const select = h(
    "select.form-select.form-select-sm.w-auto",
    { "aria-label": t("job:runs.filter") },
    h("option", { value: "" }, t("job:runs.allOutcomes")),
    h("option", { value: "bad" }, t("job:runs.bad")),
    RUN_STATUSES.map((status) => h("option", { value: status }, t(`status.${status}`))),
  );
  select.value = value;
  // What cannot be chosen is as if nothing were.
  if (select.selectedIndex < 0) select.value = "";
  return select;
}

function statusesOf(choice: string): Status[] {
  if (choice === "bad") return [...BAD_STATUSES, ...MISSING];
  return RUN_STATUSES.filter((status) => status === choice);
}
