/** Who changed what: filtered, paged, newest first, and as a file. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import type { Page } from "../../app/page";
import { locale, t } from "../../i18n";
import { readView, writeView } from "../../lib/query";
import { formatTime } from "../../lib/time";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { menu } from "../../ui/menu";
import { Pager } from "../../ui/pager";
import { emptyState, errorState } from "../../ui/states";
import { ms, serverNow } from "../../ui/time";
import { gather } from "../shared/gather";
import { staleNote } from "../shared/stale-note";
import "./audit.css";
import { entryView } from "./entry";
import { filters } from "./filters";
import { chosen, exportPath, isFiltered, pageQuery, SPEC, type AuditShown } from "./view";

const REFRESH_MS = 10_000; // nothing tells of new entries

const page: Page = async (context) => {
  const { root, signal, query, title, setQuery } = context;
  title(t("audit:title"));
  let view = readView(SPEC, query);

  const fetchPage = (wanted: AuditShown) =>
    call(() => api.GET("/api/v1/audit", { params: { query: pageQuery(wanted, serverNow()) }, signal }));
  const [first, users] = await Promise.all([
    fetchPage(view),
    call(() => api.GET("/api/v1/users", { signal })),
  ]);

  const list = h("ol.entries", { "aria-label": t("audit:caption") });
  const place = h("div");
  const files = h("div");
  const stale = staleNote();
  const pager = new Pager(view.cursor, (cursor) => change({ cursor }));
  const bar = filters(
    users.items.map(({ name }) => name),
    (part) => {
      pager.reset();
      change(part);
    },
  );
  const drawn = new Map<string, HTMLElement>();

  /** Entries never change: those that are shown already stay as they are, open ones open. */
  function draw(found: Schemas["AuditListPage"]): void {
    const items = found.items.map((entry) => {
      const element = drawn.get(entry.id) ?? entryView(entry);
      drawn.set(entry.id, element);
      return element;
    });
    for (const [id, element] of drawn) if (!items.includes(element)) drawn.delete(id);
    if (items.length) {
      if (items.some((item, index) => list.children[index] !== item) || items.length !== list.children.length)
        replace(list, items);
      if (place.firstElementChild !== list) replace(place, list);
    } else if (isFiltered(view) || view.cursor !== null)
      replace(place, emptyState("search", t("audit:nothing"), h("p", null, t("audit:nothingHelp"))));
    else replace(place, emptyState("journal", t("audit:empty")));
    pager.update(found.next, pageWords(found.items));
    pager.element.hidden = !items.length && view.cursor === null;
  }

  async function load(): Promise<void> {
    const wanted = view;
    const found = await fetchPage(wanted);
    // Another view may have been chosen meanwhile; its own request is on the way.
    if (wanted !== view || signal.aborted) return;
    draw(found);
    stale.show(null);
  }

  /** A view that was just chosen: what is shown belongs to another one, and does not stay where this one fails. */
  async function open(): Promise<void> {
    const wanted = view;
    try {
      await load();
    } catch (error) {
      if (isAbort(error) || wanted !== view) return;
      pager.element.hidden = true;
      replace(
        place,
        errorState(error, () => void open()),
      );
    }
  }

  function change(part: Partial<AuditShown>): void {
    view = chosen(view, part);
    setQuery(writeView(SPEC, view));
    show();
    void open();
  }

  function show(): void {
    bar.show(view);
    replace(files, exportMenu(view));
  }

  root.append(
    h("div.page-head", null, h("h1", null, t("audit:title")), stale.element, files),
    bar.element,
    h("div.card", null, place, pager.element),
  );
  show();
  draw(first);
  const refresh = gather(context, REFRESH_MS, () =>
    load().catch((error: unknown) => {
      if (!isAbort(error)) stale.show(error);
    }),
  );
  // Later pages are of the past.
  const live = () => view.cursor === null && refresh();
  context.every(REFRESH_MS, live);
  context.on("jobs", live);
  context.on("reload", live);
};

function exportMenu(view: AuditShown): HTMLElement {
  const file = (format: "csv" | "jsonl") => ({
    label: t(`audit:${format}`),
    href: exportPath(view, format, serverNow()),
    download: true,
  });
  return menu(
    `${t("audit:export")}: ${t("audit:exportHelp")}`,
    [icon("download"), ` ${t("audit:export")}`],
    [file("csv"), file("jsonl")],
  );
}

function pageWords(items: readonly Schemas["AuditView"][]): string {
  const count = t("audit:shown", { count: items.length });
  const [newest, oldest] = [items[0], items.at(-1)];
  if (!newest || !oldest || newest === oldest) return count;
  const at = (iso: string) => formatTime(ms(iso), { locale: locale(), seconds: true });
  return `${count}, ${t("audit:page", { from: at(oldest.at), to: at(newest.at) })}`;
}

export default page;
