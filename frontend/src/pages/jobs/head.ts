/** What stands beside the heading of the list, and in place of its rows where there are none. */

import { href } from "../../app/address";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { copyButton } from "../../ui/clipboard";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { menu } from "../../ui/menu";
import { emptyState } from "../../ui/states";
import { exportPath, type JobsView } from "./view";

/** The element, and a function that brings it in step with the view. */
export function tools(): { element: HTMLElement; show: (view: JobsView, total: number) => void } {
  const exporting = h("div");
  const element = h(
    "div.d-flex.flex-wrap.gap-2",
    null,
    copyButton(t("jobs:copyLink"), () => location.href),
    exporting,
    session.may("editor") && [
      h(
        "a.btn.btn-sm.btn-outline-secondary",
        { href: href("/import") },
        icon("upload"),
        " ",
        t("jobs:import"),
      ),
      h("a.btn.btn-sm.btn-primary", { href: href("/new-job") }, icon("plus"), " ", t("jobs:newJob")),
    ],
  );
  let drawn = "";
  return {
    element,
    show(view, total) {
      const wanted = `${total} ${exportPath(view, "yaml")}`;
      if (wanted === drawn || exporting.querySelector(".show")) return;
      drawn = wanted;
      const words = t("jobs:exportOf", { count: total, shown: formatNumber(total, locale()) });
      const entry = (label: string, format: "yaml" | "json") => ({
        label: [label, h("span.text-body-secondary", null, ` · ${words}`)],
        href: exportPath(view, format),
        download: true,
      });
      replace(
        exporting,
        total > 0 &&
          menu(
            t("jobs:export"),
            [icon("download"), " ", t("jobs:export")],
            [entry(t("jobs:exportYaml"), "yaml"), entry(t("jobs:exportJson"), "json")],
          ),
      );
    },
  };
}

/** `clear`, where the list is filtered, takes the filters away. */
export function noJobs(clear: (() => void) | null): HTMLElement {
  if (clear)
    return emptyState(
      "search",
      t("jobs:empty.filtered"),
      h(
        "button.btn.btn-sm.btn-outline-secondary.mt-2",
        { type: "button", on: { click: clear } },
        t("jobs:clearFilters"),
      ),
    );
  return emptyState(
    "listCheck",
    t("jobs:empty.none"),
    session.may("editor") &&
      h(
        "div.d-flex.gap-2.justify-content-center.mt-3",
        null,
        h("a.btn.btn-sm.btn-primary", { href: href("/new-job") }, t("jobs:newJob")),
        h("a.btn.btn-sm.btn-outline-secondary", { href: href("/import") }, t("jobs:empty.import")),
      ),
  );
}
