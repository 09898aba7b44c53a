/** How a worker is and how loaded, in the same words and colours on every page. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h } from "../../ui/dom";
import "./worker-state.css";

type Worker = Schemas["WorkerView"];

/** What matters most about a worker first; `full` takes no more until a run ends. */
export const WORKER_CONDITIONS = ["silent", "suspended", "stopping", "drained", "full", "active"] as const;
export type WorkerCondition = (typeof WORKER_CONDITIONS)[number];

export function conditionOf(worker: Worker): WorkerCondition {
  if (worker.silent) return "silent";
  if (worker.state === "suspended" || worker.state === "stopping") return worker.state;
  if (worker.drained || worker.state === "drained") return "drained";
  return worker.running >= worker.capacity ? "full" : "active";
}

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
