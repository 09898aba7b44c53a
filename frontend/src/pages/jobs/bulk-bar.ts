/** What can be done with the chosen jobs; at the bottom, so that no row moves when it comes. */

import { locale, t } from "../../i18n";
import { session } from "../../app/session";
import { formatNumber } from "../../lib/number";
import { h, replace } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import type { BulkAction } from "./bulk";

const ACTIONS: readonly (readonly [BulkAction, IconName, "operator" | "editor"])[] = [
  ["run", "play", "operator"],
  ["pause", "pause", "operator"],
  ["resume", "arrowClockwise", "operator"],
  ["kill", "stop", "operator"],
  ["tag", "tag", "editor"],
  ["delete", "trash", "editor"],
];

export interface BarState {
  count: number;
  total: number;
  all: boolean;
  /** Whether every job of the page is chosen, and there are more. */
  offerAll: boolean;
}

export interface BarActs {
  act: (action: BulkAction) => void;
  chooseAll: () => void;
  clear: () => void;
}

export class BulkBar {
  readonly element = h("div.bulk-bar", {
    role: "region",
    "aria-label": t("jobs:bulk.bar"),
    hidden: true,
  });
  private readonly words = h("span.fw-semibold", { role: "status" });
  private readonly all: HTMLElement;

  constructor(acts: BarActs) {
    this.all = h("button.btn.btn-sm.btn-link", {
      type: "button",
      "data-action": "choose-all",
      on: { click: acts.chooseAll },
    });
    this.element.append(
      this.words,
      this.all,
      h(
        "div.bulk-actions",
        null,
        ACTIONS.filter(([, , role]) => session.may(role)).map(([action, symbol]) =>
          h(
            "button.btn.btn-sm",
            {
              type: "button",
              class: action === "delete" ? "btn-outline-danger" : "btn-outline-secondary",
              "data-action": `bulk-${action}`,
              on: { click: () => acts.act(action) },
            },
            icon(symbol),
            " ",
            t(`jobs:action.${action === "run" ? "runMany" : action}`),
          ),
        ),
      ),
      h(
        "button.btn.btn-sm.btn-icon",
        {
          type: "button",
          title: t("jobs:bulk.clear"),
          "aria-label": t("jobs:bulk.clear"),
          on: { click: acts.clear },
        },
        icon("x"),
      ),
    );
  }

  show({ count, total, all, offerAll }: BarState): void {
    this.element.hidden = count === 0;
    const shown = formatNumber(count, locale());
    replace(this.words, t(all ? "jobs:bulk.allChosen" : "jobs:bulk.chosen", { count, shown }));
    this.all.hidden = !offerAll;
    replace(this.all, t("jobs:bulk.chooseAll", { shown: formatNumber(total, locale()) }));
  }
}
