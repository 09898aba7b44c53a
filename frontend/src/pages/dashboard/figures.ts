/** The system in five figures, each leading to the list it counts. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { href } from "../../app/address";
import { problemText } from "../../app/problems";
import { isAbort } from "../../api/problem";
import { locale, t } from "../../i18n";
import { formatCompact, formatNumber, formatPercent } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { gather, type Ask } from "../shared/gather";
import { failingJobsLink, jobsLink, runningLink, runsLink } from "./links";

export type Summary = Schemas["SummaryView"];

const EXACT_BELOW = 100_000; // larger numbers do not fit and nobody reads them digit by digit
const RUN_STATUSES = ["succeeded", "failed", "timeout", "killed", "lost"] as const;
const JOB_STATES = ["enabled", "paused", "invalid", "ended"] as const;

export interface Figures {
  readonly element: HTMLElement;
  /** Says so, and why, while the figures are old. */
  readonly stale: HTMLElement;
  readonly refresh: Ask;
}

/** `known` hears of every new summary. */
export function figures(context: PageContext, known: (summary: Summary) => void): Figures {
  const jobs = tile("listCheck", t("dashboard:figures.jobs"), jobsLink());
  const running = tile("arrowRepeat", t("dashboard:figures.running"), runningLink());
  const failing = tile("xCircle", t("dashboard:figures.failing"), failingJobsLink());
  const workers = tile("hdd", t("dashboard:figures.workers"), href("/workers"));
  const runs = tile("clockHistory", t("dashboard:figures.runs"), runsLink());
  const stale = h("span.stale", { role: "status" });

  const draw = (summary: Summary) => {
    const total = JOB_STATES.reduce((sum, state) => sum + (summary.jobs[state] ?? 0), 0);
    jobs.show(total, statesOf(summary));
    const free = Math.max(0, summary.capacity - summary.running);
    running.show(
      summary.running,
      summary.capacity
        ? t("dashboard:figures.ofSlots", { free: number(free), capacity: number(summary.capacity) })
        : t("dashboard:figures.noSlots"),
    );
    failing.show(
      summary.failing,
      summary.failing
        ? t("dashboard:figures.lastBad", { count: summary.failing })
        : t("dashboard:figures.allWell"),
      summary.failing > 0,
    );
    const live = summary.workers - summary.workersSilent;
    workers.show(
      summary.workers,
      summary.workersSilent
        ? `${t("dashboard:figures.live", { count: live })} · ${t("dashboard:figures.silent", { count: summary.workersSilent })}`
        : t(summary.workers ? "dashboard:figures.allLive" : "dashboard:figures.noSlots"),
      summary.workersSilent > 0 || summary.workers === 0,
    );
    const ran = RUN_STATUSES.reduce((sum, status) => sum + (summary.runs[status] ?? 0), 0);
    runs.show(
      ran,
      ran
        ? t("dashboard:figures.succeeded", {
            share: formatPercent((summary.runs.succeeded ?? 0) / ran, locale()),
          })
        : t("dashboard:figures.noRuns"),
    );
  };

  const refresh = gather(context, 3_000, async () => {
    try {
      const summary = await call(() => api.GET("/api/v1/stats/summary", { signal: context.signal }));
      draw(summary);
      known(summary);
      if (stale.hasChildNodes()) replace(stale);
    } catch (error) {
      if (isAbort(error) || context.signal.aborted) return;
      replace(stale, icon("alertTriangle"), " ", t("outOfDate", { problem: problemText(error) }));
    }
  });
  refresh();
  return {
    element: h(
      "ul.tiles.list-unstyled",
      { "aria-label": t("dashboard:figures.label") },
      [jobs, running, failing, workers, runs].map((each) => each.element),
    ),
    stale,
    refresh,
  };
}

/** Only the states that any job is in, besides the normal one. */
function statesOf(summary: Summary): Child {
  return JOB_STATES.filter((state) => state === "enabled" || summary.jobs[state]).map((state) =>
    h(
      "a",
      { href: jobsLink(state), "data-state": state },
      `${number(summary.jobs[state] ?? 0)} ${t(`dashboard:states.${state}`)}`,
    ),
  );
}

interface Tile {
  readonly element: HTMLElement;
  show(value: number, below: Child, alarming?: boolean): void;
}

function tile(symbol: IconName, label: string, to: string): Tile {
  const figure = h("a.figure", { href: to, "aria-label": label }, "–");
  const below = h("div.tile-below");
  const element = h(
    "li.card.tile",
    null,
    h("div.tile-label", { "aria-hidden": "true" }, icon(symbol), label),
    figure,
    below,
  );
  let drawn = "";
  return {
    element,
    show(value, child, alarming = false) {
      element.classList.toggle("alarming", alarming);
      replace(figure, value < EXACT_BELOW ? number(value) : formatCompact(value, locale()));
      figure.title = number(value);
      figure.setAttribute("aria-label", `${label}: ${number(value)}`);
      // Links keep the focus as long as they say the same.
      const next = h("div", null, child);
      if (drawn === next.textContent && below.hasChildNodes()) return;
      drawn = next.textContent;
      below.replaceChildren(...next.childNodes);
    },
  };
}

function number(value: number): string {
  return formatNumber(value, locale());
}
