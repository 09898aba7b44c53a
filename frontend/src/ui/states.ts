/** What stands in place of content: still loading, nothing there, or an error with a way on. */

import { ApiError } from "../api/problem";
import { problemText } from "../app/problems";
import { t } from "../i18n";
import { h, type Child } from "./dom";
import { icon, type IconName } from "./icons";

export function loadingState(): HTMLElement {
  return h(
    "div.state",
    { role: "status" },
    h("span.spinner-border.spinner-border-sm", { "aria-hidden": "true" }),
    " ",
    t("loading"),
  );
}

/** Nothing to show, and what to do about it. */
export function emptyState(symbol: IconName, title: string, ...more: Child[]): HTMLElement {
  return h(
    "div.state.state-empty",
    null,
    icon(symbol, "state-icon"),
    h("p.fw-semibold.mb-1", null, title),
    ...more,
  );
}

/** `error` in words; with `retry`, a button that tries again. */
export function errorState(error: unknown, retry?: () => void): HTMLElement {
  const lost = error instanceof ApiError && error.temporary;
  return h(
    "div.state.state-error",
    { role: "alert" },
    icon(lost ? "wifiOff" : "alertTriangle", "state-icon"),
    h("p.mb-2", null, typeof error === "string" ? error : problemText(error)),
    retry &&
      h(
        "button.btn.btn-sm.btn-outline-secondary",
        { type: "button", on: { click: retry } },
        icon("arrowClockwise"),
        " ",
        t("tryAgain"),
      ),
  );
}
