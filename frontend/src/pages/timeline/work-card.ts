/** What ran over the last 24 hours, worker by worker, and a way to choose a span of it. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { BAD_STATUSES, RUN_STATUSES } from "../../ui/status";
import { serverNow } from "../../ui/time";
import { statusKeys } from "../shared/chart-key";
import { liveCard } from "../shared/live-card";
import { HOUR_MS, MINUTE_MS } from "./buckets";
import { clock, offsetMs, span } from "./clock";
import { Lanes } from "./lanes";
import { FigureTable } from "./tables";
import { lanes, lastHours, ticks, type Lane, type Window } from "./work";

type Status = Schemas["Status"];

const HOURS = 24;
const BUCKET_MS = 15 * MINUTE_MS;
const TICKS = 13;

export interface WorkCard {
  readonly element: HTMLElement;
  /** Mark the span as chosen. */
  readonly show: (span: Window | null) => void;
}

/** `seen` is told of the workers that there are. */
export function workCard(
  context: PageContext,
  choose: (span: Window) => void,
  seen: (workers: string[]) => void,
): WorkCard {
  const picture = new Lanes(choose);
  const table = new FigureTable(t("timeline:work.title"), [
    t("timeline:work.worker"),
    ...RUN_STATUSES.map((status) => t(`status.${status}`)),
  ]);
  const key = h("div.chart-key");
  const body = h(
    "div.card-body.pt-2",
    null,
    h("div.lanes-head", null, key, h("span", null, t("timeline:work.hint"))),
    picture.element,
    table.element,
  );
  const empty = emptyState("clockHistory", t("timeline:work.empty"), t("timeline:work.emptyText"));
  const hours = hourSelect(choose);
  const card = liveCard(context, {
    id: "work",
    title: t("timeline:work.title"),
    head: hours.element,
    minMs: 15_000,
    load: async () => {
      const window = lastHours(serverNow(), HOURS, BUCKET_MS);
      const query = {
        since: new Date(window.from).toISOString(),
        until: new Date(window.until).toISOString(),
        bucket: BUCKET_MS / 1000,
      };
      const work = await call(() =>
        api.GET("/api/v1/stats/workload", { params: { query }, signal: context.signal }),
      );
      return { window, found: lanes(work, window, BAD_STATUSES) };
    },
    draw: ({ window, found }) => {
      hours.update(window);
      seen(found.map(({ worker }) => worker));
      if (!found.length) return empty;
      replace(
        key,
        statusKeys((status) => found.reduce((sum, lane) => sum + runsOf(lane, status as Status), 0)),
      );
      picture.update({
        lanes: found,
        window,
        bucketMs: BUCKET_MS,
        ticks: ticks(window, TICKS, offsetMs(window.from)).map((at) => ({ at, label: clock(at) })),
      });
      table.update(() =>
        found.map((lane) => [
          lane.worker || t("timeline:work.noWorker"),
          ...RUN_STATUSES.map((status) => formatNumber(runsOf(lane, status), locale())),
        ]),
      );
      return body;
    },
  });
  context.on("runs", () => card.refresh());
  context.on("reload", () => card.refresh());
  return { element: card.element, show: (chosen) => picture.show(chosen) };
}

function runsOf({ buckets }: Lane, status: Status): number {
  return buckets.reduce((sum, bucket) => sum + (bucket[status] ?? 0), 0);
}

/** The same choice without a drag: any of the hours. */
function hourSelect(choose: (span: Window) => void): {
  element: HTMLSelectElement;
  update: (window: Window) => void;
} {
  const element = h("select.form-select.form-select-sm.w-auto", { "aria-label": t("timeline:work.hour") });
  let newest = 0;
  element.addEventListener("change", () => {
    const from = Number(element.value);
    element.value = "";
    if (from) choose({ from, until: from + HOUR_MS });
  });
  return {
    element,
    update({ from, until }) {
      const last = Math.floor((until - 1) / HOUR_MS) * HOUR_MS;
      if (last === newest) return;
      newest = last;
      const starts: number[] = [];
      for (let at = last; at >= from; at -= HOUR_MS) starts.push(at);
      replace(
        element,
        h("option", { value: "" }, t("timeline:work.chooseHour")),
        starts.map((at) => h("option", { value: at }, span(at, at + HOUR_MS))),
      );
    },
  };
}
