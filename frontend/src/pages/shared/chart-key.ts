/** What the colours of a chart of outcomes stand for, with how many there are of each. */

import "./chart-key.css";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h } from "../../ui/dom";
import { RUN_STATUSES, type RunStatus } from "../../ui/status";

/** One entry an outcome that there is; to be put into an element of the class `chart-key`. */
export function statusKeys(count: (status: RunStatus) => number): HTMLElement[] {
  return RUN_STATUSES.flatMap((status) => {
    const found = count(status);
    if (!found) return [];
    const text = `${t(`status.${status}`)} ${formatNumber(found, locale())}`;
    return [h("span.mark", { "data-status": status }, h("span", null, text))];
  });
}
