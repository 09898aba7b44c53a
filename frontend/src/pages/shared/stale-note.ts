/** Says that what is shown is not up to date, because it could not be fetched again. */

import { problemText } from "../../app/problems";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import "./live-card.css";

/** `show` is told of an error, or with null that all is well again. */
export function staleNote(): { element: HTMLElement; show: (error: unknown) => void } {
  const element = h("span.stale", { role: "status" });
  return {
    element,
    show(error) {
      const words = error === null ? "" : problemText(error);
      if (element.title === words) return;
      element.title = words;
      replace(element, words && [icon("alertTriangle"), " ", t("stale")]);
    },
  };
}
