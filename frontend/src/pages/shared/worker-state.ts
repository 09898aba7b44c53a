/** How a worker is and how loaded, in the same words and colours on every page. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { formatDuration } from "../../lib/time";
import { h } from "../../ui/dom";
import { conditionOf } from "./worker-condition";
import "./worker-state.css";

const NOTABLE_LATENESS_MS = 1_000;

type Worker = Schemas["WorkerView"];

export function conditionBadge(worker: Worker): HTMLElement {
  const condition = conditionOf(worker);
  return h(
    "span.worker-condition",
    { "data-condition": condition, title: t(`workers:explain.${condition}`) },
    t(`workers:condition.${condition}`),
  );
}

/** `3 / 16` with a bar. */
export function loadBar(running: number, capacity: number): HTMLElement {
  const share = capacity > 0 ? Math.min(1, running / capacity) : 0;
  const text = t("workers:runningOf", {
    running: formatNumber(running, locale()),
    capacity: formatNumber(capacity, locale()),
  });
  return h(
    "div.load",
    { title: text },
    h(
      "div.load-track",
      { "aria-hidden": "true" },
      h("div.load-bar", { class: share >= 0.9 ? "high" : "", css: { width: `${share * 100}%` } }),
    ),
    h(
      "span.num",
      { "aria-label": text, role: "img" },
      `${formatNumber(running, locale())} / ${formatNumber(capacity, locale())}`,
    ),
  );
}

/** How late it starts runs; made to stand out where that is much. */
export function lateness(worker: Worker): HTMLElement {
  const notable = worker.latenessMs >= NOTABLE_LATENESS_MS;
  return h(
    "span.num.text-nowrap",
    { class: notable ? "notable" : "" },
    formatDuration(worker.latenessMs, locale()),
  );
}
