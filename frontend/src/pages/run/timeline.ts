/** From plan to end: the moments of a run, and the spans between them, as a picture and exactly. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { exactTime, formatDuration, formatTime } from "../../lib/time";
import { h, newId, type Child } from "../../ui/dom";
import { phrase } from "../../ui/phrase";
import { elapsed, ms } from "../../ui/time";

type RunDetail = Schemas["RunDetail"];
type Point = "planned" | "firstPlanned" | "ordered" | "lastPlanned" | "claimed" | "started" | "ended";

interface Moment {
  point: Point;
  /** ISO 8601; null: not yet. */
  at: string | null;
}

const SPANS: Partial<Record<Point, "toClaim" | "toStart" | "ran">> = {
  claimed: "toClaim",
  started: "toStart",
  ended: "ran",
};

export function timeline(run: RunDetail): HTMLElement {
  const titleId = newId("timeline");
  const moments = momentsOf(run);
  return h(
    "section.card.run-timeline",
    { "aria-labelledby": titleId },
    h(
      "div.card-head",
      null,
      h("h2", { id: titleId }, t(moments.length > 2 ? "run:timeline.title" : "run:timeline.fires")),
    ),
    picture(moments, run),
    h(
      "ol",
      null,
      moments.map((moment, place) => entry(moment, moments[place - 1], run)),
    ),
  );
}

function momentsOf(run: RunDetail): Moment[] {
  const manual = run.trigger === "manual";
  const first: Moment = { point: manual ? "ordered" : "planned", at: run.planTime };
  if (run.status === "missed" || run.status === "skipped")
    return run.count > 1
      ? [
          { point: "firstPlanned", at: run.planTime },
          { point: "lastPlanned", at: run.lastPlanTime },
        ]
      : [first];
  const all: Moment[] = [
    first,
    { point: "claimed", at: run.scheduleTime },
    { point: "started", at: run.startTime },
    { point: "ended", at: run.endTime },
  ];
  // What a run that has ended does not have never was.
  return run.endTime ? all.filter(({ at }) => at) : all;
}

function entry({ point, at }: Moment, before: Moment | undefined, run: RunDetail): HTMLElement {
  return h(
    "li",
    { "data-point": point, class: at ? "" : "is-open" },
    h("span.point-name", null, t(`run:timeline.${point}`)),
    at
      ? h(
          "time",
          { datetime: at, title: exactTime(ms(at), { locale: locale() }) },
          formatTime(ms(at), { locale: locale(), seconds: true }),
          h("span.fraction", null, `.${at.slice(20, 23)}`),
        )
      : h("span.text-body-secondary", null, openWords(point, run)),
    h("span.span-words", null, spanWords(point, at, before, run)),
  );
}

/** A run's worker tells when it started once it has ended. */
function openWords(point: Point, run: RunDetail): string {
  return t(point === "started" && run.status === "running" ? "run:timeline.toldLater" : "run:timeline.open");
}

function spanWords(point: Point, at: string | null, before: Moment | undefined, run: RunDetail): Child {
  const kind = SPANS[point];
  if (!kind) return null;
  if (!at) {
    const since = run.startTime ?? run.scheduleTime;
    return point === "ended" && run.status === "running" && since
      ? phrase((parts) => t("run:timeline.runs", parts), { span: elapsed(since) })
      : null;
  }
  if (!before?.at) return null;
  const span = ms(at) - ms(before.at);
  return t(`run:timeline.${span < 0 ? "early" : kind}`, { span: formatDuration(Math.abs(span), locale()) });
}

/** Lengths by their square root, so that milliseconds can be seen beside hours. */
function picture(moments: readonly Moment[], run: RunDetail): HTMLElement {
  const bars = moments.slice(1).flatMap(({ point, at }, place) => {
    const from = moments[place]?.at;
    const running = point === "ended" && run.status === "running";
    if (!from && !running) return [];
    if (!at && !running) return [];
    const length = at && from ? Math.max(0, ms(at) - ms(from)) : 1;
    return [
      h("span.bar", {
        "data-point": point,
        "data-status": run.status,
        class: running ? "is-running" : "",
        css: { "--length": running ? "60" : String(Math.max(1, Math.round(Math.sqrt(length)))) },
      }),
    ];
  });
  return h("div.bars", { "aria-hidden": "true" }, bars);
}
