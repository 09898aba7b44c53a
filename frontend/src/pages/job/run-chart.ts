/** The last runs of the job as bars: colour says how each ended, height how long it took. A click opens the run. */

import type { ChartConfiguration, TooltipItem } from "chart.js";
import { api, call, type Schemas } from "../../api/client";
import { href } from "../../app/address";
import { router } from "../../app/router";
import { locale, t } from "../../i18n";
import { exactTime, formatDuration, formatTime } from "../../lib/time";
import { chart, type ChartView } from "../../ui/chart";
import { h, replace } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { statusColor } from "../../ui/status";
import { ms, serverNow } from "../../ui/time";
import { statusKeys } from "../shared/chart-key";
import { liveCard } from "../shared/live-card";
import { outcomeText } from "../shared/run-words";
import { runBars, type RunBars } from "./run-bars";
import type { JobSource } from "./source";

const RUNS = 200;
const SHORT = 0.005; // seconds, how far the linear axis goes at least: its steps are whole milliseconds then
const LEAST = 0.001; // seconds: where the logarithmic axis begins at the latest

type Config = ChartConfiguration<"bar">;

export function runChart(source: JobSource): HTMLElement {
  const { context, name } = source;
  const key = h("div.chart-key");
  const place = h("div.card-body.pt-2");
  let view: ChartView<"bar"> | null = null;
  let shown: RunBars = runBars([], 0);
  let logarithmic = false;
  const configure = () => configuration(shown, () => shown);
  const end = () => {
    view?.destroy();
    view = null;
  };
  context.onLeave(end);

  const draw = (runs: Schemas["RunView"][]) => {
    shown = runBars(runs.slice(0, RUNS), serverNow());
    replace(key, legend(shown));
    if (!shown.bars.length) {
      end();
      replace(place, emptyState("clockHistory", t("job:chart.empty"), t("job:chart.emptyText")));
    } else if (view && logarithmic === shown.logarithmic) {
      view.update(configure());
    } else {
      end();
      logarithmic = shown.logarithmic;
      view = chart<"bar">(label(shown), configure);
      replace(place, view.element);
    }
    return place;
  };
  const card = liveCard(context, {
    id: "last-runs",
    title: t("job:chart.title"),
    head: key,
    minMs: 2_000,
    load: async () => {
      const query = { job: name, limit: RUNS };
      return (await call(() => api.GET("/api/v1/runs", { params: { query }, signal: context.signal }))).items;
    },
    draw,
  });
  source.onRuns(() => card.refresh());
  return card.element;
}

function legend({ bars, durations, logarithmic }: RunBars): (Node | string | null)[] {
  if (!bars.length) return [];
  const figure = (name: string, value: number | null) =>
    value === null
      ? null
      : h("span.text-nowrap", null, `${name} `, h("b.num", null, formatDuration(value, locale())));
  return [
    ...statusKeys((status) => bars.filter(({ run }) => run.status === status).length),
    figure(t("job:chart.p50"), durations.p50),
    figure(t("job:chart.p95"), durations.p95),
    figure(t("job:chart.longest"), durations.max),
    logarithmic ? h("span.text-nowrap", null, t("job:chart.logarithmic")) : null,
  ];
}

function label({ bars, durations }: RunBars): string {
  const text = (value: number | null) => (value === null ? "–" : formatDuration(value, locale()));
  return t("job:chart.label", { count: bars.length, p50: text(durations.p50), p95: text(durations.p95) });
}

/** `now` gives what is shown when the marks are drawn: a chart that is updated keeps its first plugins. */
function configuration(shown: RunBars, now: () => RunBars): Config {
  const { bars, logarithmic } = shown;
  const known = bars.flatMap(({ seconds }) => (seconds ? [seconds] : []));
  const floor = logarithmic ? Math.max(LEAST, Math.min(...known) / 2) : 0;
  return {
    type: "bar",
    data: {
      labels: bars.map(({ run }) => formatTime(ms(run.planTime), { locale: locale() })),
      datasets: [
        {
          data: bars.map(({ seconds }) => Math.max(seconds ?? 0, floor)),
          backgroundColor: bars.map(({ run }) => statusColor(run.status)),
          minBarLength: 4,
          maxBarThickness: 18,
          categoryPercentage: 1,
          barPercentage: 0.82,
        },
      ],
    },
    plugins: [marks(() => [now().durations.p50, now().durations.p95])],
    options: {
      onClick: (_event, elements) => {
        const bar = bars[elements[0]?.index ?? -1];
        if (bar) router.go(href("/runs/:id", { id: bar.run.id }));
      },
      onHover: (event, elements) => {
        const target = event.native?.target;
        if (target instanceof HTMLElement) target.style.cursor = elements.length ? "pointer" : "";
      },
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { grid: { display: false }, ticks: { maxTicksLimit: 8, maxRotation: 0, autoSkipPadding: 24 } },
        y: {
          type: logarithmic ? "logarithmic" : "linear",
          ...(logarithmic ? { min: floor } : { beginAtZero: true, suggestedMax: SHORT }),
          ticks: { maxTicksLimit: 6, callback: (value) => formatDuration(Number(value) * 1000, locale()) },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items: TooltipItem<"bar">[]) => {
              const run = bars[items[0]?.dataIndex ?? -1]?.run;
              return run ? exactTime(ms(run.planTime), { locale: locale() }) : "";
            },
            label: (item: TooltipItem<"bar">) => words(bars[item.dataIndex]),
          },
        },
      },
    },
  };
}

function words(bar: RunBars["bars"][number] | undefined): string[] {
  if (!bar) return [];
  const { run, seconds } = bar;
  const took = seconds === null ? t("job:chart.notStarted") : formatDuration(seconds * 1000, locale());
  return [`${t(`status.${run.status}`)} · ${took}`, outcomeText(run), run.worker].filter(
    (line): line is string => !!line,
  );
}

/** Thin lines at the median and the 95th percentile (ms). */
function marks(values: () => (number | null)[]): NonNullable<Config["plugins"]>[number] {
  return {
    id: "marks",
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const color = getComputedStyle(document.documentElement).getPropertyValue("--bs-secondary-color");
      ctx.save();
      ctx.strokeStyle = color;
      ctx.setLineDash([4, 4]);
      for (const value of values()) {
        if (value === null) continue;
        const y = scales.y?.getPixelForValue(value / 1000) ?? NaN;
        if (!(y > chartArea.top && y < chartArea.bottom)) continue;
        ctx.beginPath();
        ctx.moveTo(chartArea.left, y);
        ctx.lineTo(chartArea.right, y);
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}
