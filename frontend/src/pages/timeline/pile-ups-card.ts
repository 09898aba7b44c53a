/** The busiest minutes of the next 24 hours, with who fires then. */

import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { pileUps, type PileUp } from "./buckets";
import { clockWithDay } from "./clock";
import { card, firesText, groupLinks, type Planned } from "./planned";

const SHOWN = 10;
const GROUPS_NAMED = 3;

export class PileUpsCard {
  readonly element: HTMLElement;
  private readonly place = h("div");

  /** `choose` gets the minute that the reader wants to know more of. */
  constructor(private readonly choose: (at: number) => void) {
    this.element = card("pile-ups", t("timeline:pileUps.title"), null, this.place);
  }

  update({ all, own, group }: Planned): void {
    const found = pileUps(own, group === null ? all.groups : [], SHOWN);
    replace(
      this.place,
      found.length
        ? h(
            "ol.pile-ups",
            null,
            found.map((pile) => this.row(pile, group)),
          )
        : emptyState("checkCircle", t("timeline:pileUps.none"), t("timeline:pileUps.noneText")),
    );
  }

  private row({ at, count, factor, groups }: PileUp, group: string | null): Child {
    return h(
      "li",
      null,
      h(
        "div.pile-up-head",
        null,
        h(
          "button.pile-up-time.num",
          { type: "button", title: t("timeline:pileUps.choose"), on: { click: () => this.choose(at) } },
          clockWithDay(at),
        ),
        h("span.num.ms-auto", null, firesText(count)),
        h(
          "span.factor.num",
          { title: t("timeline:pileUps.factor") },
          `×${formatNumber(factor, locale(), factor < 10 ? 1 : 0)}`,
        ),
      ),
      h(
        "div.pile-up-groups",
        null,
        groupLinks(group === null ? groups : [{ group: group || null, count }], GROUPS_NAMED),
      ),
    );
  }
}
