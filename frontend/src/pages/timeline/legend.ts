/** What the shades of a heat map stand for. */

import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h } from "../../ui/dom";
import { colourOf } from "./scale";

/** One sample a shade with the counts it stands for; `steps` are the thresholds of the map. */
export function legend(steps: readonly number[]): HTMLElement {
  const entries = steps.map((least, place) => ({
    shade: colourOf(place + 1, steps),
    text: rangeText(least, steps[place + 1]),
  }));
  return h(
    "ul.heat-legend.num",
    { "aria-label": t("timeline:legend") },
    [{ shade: 0, text: "0" }, ...entries].map(({ shade, text }) =>
      h("li", null, h("span.heat-sample", { class: `shade-${shade}`, "aria-hidden": "true" }), text),
    ),
  );
}

/** From `least` to just below the next threshold; without one, open. */
function rangeText(least: number, next: number | undefined): string {
  const number = (value: number) => formatNumber(value, locale());
  if (next === undefined) return `≥ ${number(least)}`;
  return next === least + 1 ? number(least) : `${number(least)}–${number(next - 1)}`;
}
