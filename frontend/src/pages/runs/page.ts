/** All runs, newest first, those in progress on top: filtered, paged, live. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import { href } from "../../app/address";
import type { Page } from "../../app/page";
import { router } from "../../app/router";
import { locale, t } from "../../i18n";
import { readView, writeView } from "../../lib/query";
import { formatTime } from "../../lib/time";
import { h, replace } from "../../ui/dom";
import { Pager } from "../../ui/pager";
import { emptyState, errorState } from "../../ui/states";
import { Table } from "../../ui/table";
import { ms, serverNow } from "../../ui/time";
import { gather } from "../shared/gather";
import { killRun } from "../shared/run-actions";
import { counted } from "../shared/run-words";
import { columns, type Row } from "./columns";
import { filters } from "./filters";
import "./runs.css";
import { isFiltered, queryOf, SPEC, type RunsView } from "./view";

const REFRESH_MS = 1_500;

const page: Page = async (context) => {
  const { root, signal, query, title, on, setQuery } = context;
  title(t("runs:title"));
  let view = readView(SPEC, query);
  const ending = new Set<string>();
  let shown: Schemas["RunListPage"] = { items: [], next: null };

  const fetchPage = (wanted: RunsView) =>
    call(() => api.GET("/api/v1/runs", { params: { query: queryOf(wanted, serverNow()) }, signal }));

  const [first, workers] = await Promise.all([
    fetchPage(view),
    call(() => api.GET("/api/v1/workers", { signal })),
  ]);

  const table = new Table<Row>({
    caption: t("runs:caption"),
    columns: columns((run) => void kill(run)),
    key: ({ run }) => run.id,
    look: ({ run }) => ({ class: run.status === "running" ? "run-row in-progress" : "run-row" }),
  });
  const progress = h("span.text-body-secondary", { role: "status" });
  const place = h("div");
  const pager = new Pager(view.cursor, (cursor) => change({ cursor }));
  const bar = filters(
    context,
    workers.items.map(({ id }) => id),
    (part) => {
      pager.reset();
      change({ ...part, cursor: null });
    },
  );

  async function kill(run: Schemas["RunView"]): Promise<void> {
    if (await killRun(run.id, run.jobName)) ending.add(run.id);
    draw(shown);
  }

  function draw(found: Schemas["RunListPage"]): void {
    shown = found;
    const running = found.items.filter(({ status }) => status === "running").length;
    replace(progress, running > 0 && t("runs:inProgress", counted({ count: running })));
    if (found.items.length) {
      table.update(found.items.map((run) => ({ run, ending: ending.has(run.id) })));
      if (place.firstElementChild !== table.element) replace(place, table.element);
    } else if (isFiltered(view) || view.cursor !== null)
      replace(place, emptyState("search", t("runs:nothing"), h("p", null, t("runs:nothingHelp"))));
    else replace(place, emptyState("clockHistory", t("runs:empty"), h("p", null, t("runs:emptyHelp"))));
    pager.update(found.next, pageWords(found.items));
    pager.element.hidden = !found.items.length && view.cursor === null;
  }

  const refresh = gather(context, REFRESH_MS, async () => {
    const wanted = view;
    try {
      const found = await fetchPage(wanted);
      // Another view may have been chosen meanwhile; its own request is on the way.
      if (wanted === view && !signal.aborted) draw(found);
    } catch (error) {
      if (!isAbort(error) && wanted === view && !place.contains(table.element))
        replace(
          place,
          errorState(error, () => refresh(true)),
        );
    }
  });

  async function load(wanted: RunsView): Promise<void> {
    root.classList.add("is-loading");
    try {
      const found = await fetchPage(wanted);
      if (wanted === view) draw(found);
    } catch (error) {
      if (!isAbort(error) && wanted === view)
        replace(
          place,
          errorState(error, () => void load(wanted)),
        );
    } finally {
      if (wanted === view) root.classList.remove("is-loading");
    }
  }

  function change(part: Partial<RunsView>): void {
    view = { ...view, ...part };
    setQuery(writeView(SPEC, view));
    bar.show(view);
    void load(view);
  }

  root.append(
    h("div.page-head", null, h("h1", null, t("runs:title")), progress),
    bar.element,
    h("div.card.runs-card", null, place, pager.element),
  );
  bar.show(view);
  draw(first);
  openByRow(table.element);
  // Rows of later pages have ended: nothing of them changes.
  const live = () => view.cursor === null && refresh();
  on("runs", live);
  on("running", live);
  on("reload", live);
};

/** A click anywhere in a row opens the run, unless it hits a control or ends a selection. */
function openByRow(element: HTMLElement): void {
  element.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a, button")) return;
    const id = event.target.closest<HTMLElement>("tr[data-key]")?.dataset.key;
    if (id && getSelection()?.isCollapsed !== false) router.go(href("/runs/:id", { id }));
  });
}

function pageWords(items: readonly Schemas["RunView"][]): string {
  const count = t("runs:shown", counted({ count: items.length }));
  const [newest, oldest] = [items.find(({ status }) => status !== "running"), items.at(-1)];
  if (!newest || !oldest || newest === oldest) return count;
  const at = (iso: string) => formatTime(ms(iso), { locale: locale(), seconds: true });
  return `${count}, ${t("runs:page", { from: at(oldest.planTime), to: at(newest.planTime) })}`;
}

export default page;
