/** What became of every fire that the job's schedule planned, over a day and a week. */

import { api, call, type Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatNumber, formatPercent } from "../../lib/number";
import { h, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { serverNow } from "../../ui/time";
import { liveCard } from "../shared/live-card";
import type { JobSource } from "./source";

type Ledger = Schemas["LedgerView"];

const DAY_MS = 86_400_000;
const WINDOWS = [
  { key: "day", days: 1 },
  { key: "week", days: 7 },
] as const;

export function ledgerCard(source: JobSource): HTMLElement {
  const { context, name } = source;
  const load = (days: number) => {
    const from = new Date(serverNow() - days * DAY_MS).toISOString();
    const query = { job: name, from, details: false };
    return call(() => api.GET("/api/v1/ledger", { params: { query }, signal: context.signal }));
  };
  const card = liveCard(context, {
    id: "ledger",
    title: t("job:ledger.title"),
    minMs: 20_000,
    load: () => Promise.all(WINDOWS.map(({ days }) => load(days))),
    draw: view,
  });
  source.onRuns(() => card.refresh());
  return card.element;
}

const COLUMNS = ["planned", "ran", "skipped", "missed", "lost", "open", "duplicated"] as const;

function view(found: readonly Ledger[]): Child {
  const week = found.at(-1);
  return [
    h(
      "div.table-responsive",
      null,
      h(
        "table.table.table-sm.mb-0.ledger",
        null,
        h("caption.visually-hidden", null, t("job:ledger.title")),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, t("job:ledger.window")),
            COLUMNS.map((column) =>
              h(
                "th.text-end",
                { scope: "col", title: column === "open" ? t("job:ledger.openTitle") : null },
                t(`job:ledger.${column}`),
              ),
            ),
          ),
        ),
        h(
          "tbody",
          null,
          found.map((ledger, place) => row(ledger, WINDOWS[place]?.key ?? "day")),
        ),
      ),
    ),
    week && verdict(week),
  ];
}

function row(ledger: Ledger, window: "day" | "week"): HTMLElement {
  const { running, pending, unclaimed } = ledger;
  const figures = { ...ledger, open: running + pending + unclaimed };
  return h(
    "tr",
    { "data-key": window },
    h("th.fw-normal", { scope: "row" }, t(`job:ledger.${window}`)),
    COLUMNS.map((column) =>
      h(
        "td.text-end.num",
        { class: tone(column, figures[column]), "data-field": column },
        formatNumber(figures[column], locale()),
      ),
    ),
  );
}

/** Nothing is quiet; what should not be stands out. */
function tone(column: (typeof COLUMNS)[number], count: number): string {
  if (!count) return "text-body-secondary";
  return { missed: "tone-missed", lost: "tone-lost", duplicated: "tone-failed" }[column as string] ?? "";
}

function verdict({ unaccounted, duplicated, inexactJobs, ran, succeeded }: Ledger): HTMLElement {
  const balanced = !unaccounted && !duplicated;
  return h(
    "div.card-note",
    null,
    h(
      "div",
      { class: balanced ? "" : "tone-failed fw-semibold" },
      icon(balanced ? "checkCircle" : "alertTriangle", balanced ? "tone-succeeded" : ""),
      ` ${balanced ? t("job:ledger.balanced") : t("job:ledger.unbalanced", { unaccounted, duplicated })}`,
    ),
    ran > 0 &&
      h("div", null, t("job:ledger.succeeded", { percent: formatPercent(succeeded / ran, locale()) })),
    inexactJobs > 0 && h("div", null, t("job:ledger.inexact")),
  );
}
