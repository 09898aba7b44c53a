/** The last runs of a job as a strip of bars: colour and shape say how each ended, height how long it took. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { locale, t } from "../../i18n";
import { exactTime, formatDuration } from "../../lib/time";
import { h } from "../../ui/dom";
import { RUN_STATUSES } from "../../ui/status";
import { ms, serverNow } from "../../ui/time";
import "./outcome-strip.css";

type RecentRun = Schemas["RecentRunView"];

const LOWEST = 0.3; // of the full height

/**
 * `runs` newest first, as the API gives them; drawn oldest first. Each bar is a link to its run. Tab reaches the
 * newest, arrow keys the others.
 */
export function outcomeStrip(runs: readonly RecentRun[]): HTMLElement {
  if (!runs.length) return h("span.text-body-secondary.small", null, t("jobs:strip.none"));
  const longest = Math.max(...runs.map((run) => lengthOf(run) ?? 0), 1);
  const bars = runs.map((run, place) => bar(run, longest, place === 0)).reverse();
  return h(
    "div.strip",
    { role: "group", "aria-label": summary(runs), on: { keydown: (event) => move(event as KeyboardEvent) } },
    bars,
  );
}

function bar(run: RecentRun, longest: number, newest: boolean): HTMLElement {
  const length = lengthOf(run);
  // The square root keeps the short ones apart when one took very long.
  const height = length === null ? LOWEST : LOWEST + (1 - LOWEST) * Math.sqrt(length / longest);
  const words = [
    t(`status.${run.status}`),
    exactTime(ms(run.planTime), { locale: locale() }),
    length === null ? "" : formatDuration(length, locale()),
  ];
  const text = words.filter(Boolean).join(" · ");
  return h("a.mark", {
    href: href("/runs/:id", { id: run.id }),
    "data-status": run.status,
    "aria-label": text,
    title: text,
    tabindex: newest ? "0" : "-1",
    css: { "--height": `${Math.round(height * 100)}%` },
  });
}

/** Null where it never ran: skipped or missed. */
function lengthOf(run: RecentRun): number | null {
  if (!run.startTime) return null;
  return Math.max(0, (run.endTime ? ms(run.endTime) : serverNow()) - ms(run.startTime));
}

function summary(runs: readonly RecentRun[]): string {
  const parts = RUN_STATUSES.map((status) => ({
    status,
    count: runs.filter((run) => run.status === status).length,
  })).filter(({ count }) => count);
  return t("jobs:strip.summary", {
    count: runs.length,
    parts: parts.map(({ status, count }) => `${count} ${t(`status.${status}`)}`).join(", "),
  });
}

function move(event: KeyboardEvent): void {
  const bars = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("a")];
  const place = bars.indexOf(event.target as HTMLElement);
  const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: bars.length - 1 }[event.key];
  const bar = to === undefined ? undefined : bars[to];
  if (!bar) return;
  event.preventDefault();
  for (const each of bars) each.tabIndex = each === bar ? 0 : -1;
  bar.focus();
}
