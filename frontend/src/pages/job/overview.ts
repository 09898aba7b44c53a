/** The first tab: how the job is doing, its last runs, what it is and when it fires next. */

import { href } from "../../app/address";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { statusBadge } from "../../ui/status";
import { ago, duration, time } from "../../ui/time";
import { valueText } from "../shared/fields";
import { definitionCard } from "./definition";
import { ledgerCard } from "./ledger-card";
import { nextFires } from "./next-fires";
import { runChart } from "./run-chart";
import { isValid, type JobSource, type JobView } from "./source";

export function overview(source: JobSource, choose: (tab: string) => void): HTMLElement {
  return h(
    "div.job-overview",
    null,
    health(source),
    runChart(source),
    h(
      "div.job-columns",
      null,
      definitionCard(source, () => choose("definition")),
      h("div.job-column", null, nextFires(source), ledgerCard(source)),
    ),
  );
}

/** How it is doing, in figures. */
export function health(source: JobSource): HTMLElement {
  const list = h("dl.card.health");
  let drawn = "";
  source.follow(({ job }) => {
    if (!isValid(job)) return;
    const signature = JSON.stringify([job.lastRun, job.nextFire, job.state, job.successWithinSeconds]);
    if (signature === drawn) return;
    drawn = signature;
    replace(list, figures(job));
  });
  return list;
}

function figures(job: JobView): Child {
  const { lastRun } = job;
  const failures = lastRun?.failuresInARow ?? 0;
  return [
    figure(
      t("job:lastRun"),
      lastRun ? statusBadge(lastRun.status) : t("job:neverRan"),
      lastRun && [
        ago(lastRun.startTime ?? lastRun.planTime),
        " · ",
        duration(lastRun.startTime, lastRun.endTime),
      ],
    ),
    figure(t("job:lastSuccess"), lastRun?.lastSuccess ? ago(lastRun.lastSuccess) : t("job:never"), [
      lastRun?.lastSuccess && time(lastRun.lastSuccess, { seconds: true }),
      expectation(job),
    ]),
    figure(
      t("job:failuresInARow"),
      h("span.num", { class: failures ? "tone-failed" : "" }, formatNumber(failures, locale())),
      failures > 0 &&
        h(
          "a",
          { href: href("/runs", {}, { job: job.name, status: ["failed", "timeout", "killed", "lost"] }) },
          t("job:runs.bad"),
        ),
    ),
    figure(t("job:nextFire"), next(job), job.nextFire && time(job.nextFire, { seconds: true })),
  ];
}

function expectation(job: JobView): Child {
  const within = valueText("successWithinSeconds", job.successWithinSeconds);
  return within && h("div", null, t("job:successWithin", { duration: within }));
}

function next(job: JobView): Child {
  if (job.nextFire) return ago(job.nextFire);
  return t(job.state === "paused" ? "job:pausedFire" : "job:endedFire");
}

function figure(name: string, value: Child, more: Child): HTMLElement {
  return h("div", null, h("dt", null, name), h("dd.figure", null, value), h("dd.more", null, more));
}
