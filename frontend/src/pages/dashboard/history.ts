/** Runs of the last 24 hours as a bar an hour, stacked by outcome; a click opens the runs of that hour. */

import type { ChartConfiguration } from "chart.js";
import { api, call } from "../../api/client";
import type { PageContext } from "../../app/page";
import { router } from "../../app/router";
import { locale, t } from "../../i18n";
import { formatCompact, formatNumber } from "../../lib/number";
import { formatTime } from "../../lib/time";
import type { ChartView } from "../../ui/chart";
import { h, replace } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { RUN_STATUSES, statusColor } from "../../ui/status";
import { serverNow } from "../../ui/time";
import { liveCard, type LiveCard } from "../shared/live-card";
import { byHour, firstHour, QUARTER_MS, type Hour } from "./hours";
import { spanLink } from "./links";

const STATUSES = RUN_STATUSES.filter((status) => status !== "running");

export function historyCard(context: PageContext): LiveCard {
  let hours: Hour[] = [];
  let view: ChartView<"bar"> | null = null;
  const table = h("div.table-responsive");
  const details = h("details.history-table", null, h("summary", null, t("dashboard:history.table")), table);
  const open = (place: number | undefined) => {
    const hour = place === undefined ? undefined : hours[place];
    if (hour) router.go(hourLink(hour));
  };
  const configure = () => configuration(hours, open);
  context.onLeave(() => view?.destroy());

  return liveCard(context, {
    id: "history",
    title: t("dashboard:history.title"),
    head: h("span.text-body-secondary.small.d-none.d-md-inline", null, t("dashboard:history.help")),
    minMs: 10_000,
    load: async () => {
      const first = firstHour(serverNow());
      const query = { since: new Date(first).toISOString(), bucket: QUARTER_MS / 1000 };
      const { signal } = context;
      // The largest library of the console: the other cards need not wait for it.
      const [history, { chart }] = await Promise.all([
        call(() => api.GET("/api/v1/stats/history", { params: { query }, signal })),
        import("../../ui/chart"),
      ]);
      return { chart, found: byHour(history.items, first) };
    },
    draw: ({ chart, found }) => {
      hours = found;
      if (!hours.some((hour) => hour.total)) {
        view?.destroy();
        view = null;
        return emptyState("clockHistory", t("dashboard:history.empty"));
      }
      if (view) view.update(configure());
      else view = chart(t("dashboard:history.chart"), configure);
      replace(table, tableOf(hours));
      return [view.element, details];
    },
  });
}

function configuration(
  hours: readonly Hour[],
  open: (place: number | undefined) => void,
): ChartConfiguration<"bar"> {
  return {
    type: "bar",
    data: {
      labels: hours.map((hour) => clock(hour.start)),
      datasets: STATUSES.filter((status) => hours.some((hour) => hour.runs[status])).map((status) => ({
        label: t(`status.${status}`),
        data: hours.map((hour) => hour.runs[status] ?? null),
        backgroundColor: statusColor(status),
        maxBarThickness: 40,
        categoryPercentage: 0.86,
        barPercentage: 1,
        // A few failures among thousands of good runs are to be seen, and to be hit.
        minBarLength: status === "succeeded" ? 0 : 2,
      })),
    },
    options: {
      interaction: { mode: "index", intersect: false },
      onClick: (_, elements) => open(elements[0]?.index),
      onHover: (event, elements) => {
        const target = event.native?.target;
        if (target instanceof HTMLElement) target.style.cursor = elements.length ? "pointer" : "";
      },
      scales: {
        x: { stacked: true, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          ticks: {
            precision: 0,
            maxTicksLimit: 6,
            callback: (value) => formatCompact(Number(value), locale()),
          },
        },
      },
      plugins: {
        legend: { position: "bottom", labels: { boxWidth: 12, boxHeight: 12 } },
      },
    },
  };
}

function tableOf(hours: readonly Hour[]): HTMLElement {
  const shown = STATUSES.filter((status) => hours.some((hour) => hour.runs[status]));
  return h(
    "table.table.table-sm.mb-0",
    null,
    h("caption.visually-hidden", null, t("dashboard:history.chart")),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("th", { scope: "col" }, t("dashboard:history.hour")),
        shown.map((status) => h("th.text-end", { scope: "col" }, t(`status.${status}`))),
        h("th.text-end", { scope: "col" }, t("dashboard:history.total")),
      ),
    ),
    h(
      "tbody",
      null,
      hours
        .filter((hour) => hour.total)
        .reverse()
        .map((hour) =>
          h(
            "tr",
            null,
            h("th.fw-normal", { scope: "row" }, `${clock(hour.start)} – ${clock(hour.end)}`),
            shown.map((status) => h("td.text-end", null, countLink(hour.runs[status], hour, [status]))),
            h("td.text-end", null, countLink(hour.total, hour, [])),
          ),
        ),
    ),
  );
}

function countLink(count: number | undefined, hour: Hour, statuses: string[]) {
  if (!count) return h("span.text-body-secondary", null, "0");
  const words = t("dashboard:history.openHour", { from: clock(hour.start), to: clock(hour.end) });
  return h("a.num", { href: hourLink(hour, statuses), title: words }, formatNumber(count, locale()));
}

function hourLink(hour: Hour, statuses: string[] = []): string {
  return spanLink(hour.start, hour.end, statuses);
}

/** The hour by the clock, without a date: the axis runs from now backwards. */
function clock(at: number): string {
  return formatTime(at, { locale: locale(), now: at });
}
