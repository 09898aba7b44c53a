/** The top of a run's page: whose run it is, how it stands, and what can be done. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { statusBadge } from "../../ui/status";
import type { Job } from "./command";
import type { Neighbours } from "./neighbours";

export interface HeadOptions {
  /** Null: not known yet, or gone. */
  job: Job | null;
  around: Neighbours;
  /** This reader has ordered its end. */
  killed: boolean;
  actions: { kill: () => void; again: () => void };
}

export function head(
  run: Schemas["RunDetail"],
  { job, around, killed, actions }: HeadOptions,
): HTMLElement[] {
  const operator = session.may("operator");
  return [
    h(
      "h1",
      null,
      h("span.run-of", null, `${t("run:of")} `),
      h("a", { href: href("/jobs/:name", { name: run.jobName }) }, run.jobName),
    ),
    h("span.run-status", { role: "status" }, statusBadge(run.status)),
    h(
      "div.btn-group",
      null,
      step("chevronLeft", t("run:previous"), "previous", around.previous),
      link("clockHistory", t("run:all"), href("/runs", {}, { job: run.jobName })),
      step("chevronRight", t("run:next"), "next", around.next),
    ),
    ...(operator && job && "command" in job
      ? [
          h(
            "button.btn.btn-sm.btn-outline-secondary",
            { type: "button", "data-action": "rerun", on: { click: actions.again } },
            icon("arrowClockwise"),
            ` ${t("run:again")}`,
          ),
        ]
      : []),
    ...(operator && run.status === "running"
      ? [
          h(
            "button.btn.btn-sm.btn-danger",
            { type: "button", "data-action": "kill", disabled: killed, on: { click: actions.kill } },
            icon("stop"),
            ` ${t("run:kill")}`,
          ),
        ]
      : []),
  ];
}

/** To a neighbour; without one a button that does nothing keeps the place. */
function step(symbol: IconName, label: string, name: string, id: string | null): HTMLElement {
  if (id !== null) return link(symbol, label, href("/runs/:id", { id }), name);
  return h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", disabled: true, title: label, "aria-label": label, "data-action": name },
    icon(symbol),
  );
}

function link(symbol: IconName, label: string, address: string, name = "all"): HTMLElement {
  return h(
    "a.btn.btn-sm.btn-outline-secondary",
    { href: address, title: label, "aria-label": label, "data-action": name },
    icon(symbol),
  );
}
