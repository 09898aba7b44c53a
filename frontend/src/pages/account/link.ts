/** A link that opens the console on another device. */

import { api, call } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatTime } from "../../lib/time";
import { copyButton } from "../../ui/clipboard";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { ms } from "../../ui/time";
import { failed } from "../../ui/toast";

export function signInLink(): HTMLElement {
  const place = h("div", { "aria-live": "polite" });
  const make = async () => {
    const { path, expiresAt } = await call(() => api.POST("/api/v1/session/link"));
    // The path is of the master; a proxy may have put it below one of its own.
    const link = new URL(path.replace(/^\//, ""), document.baseURI.replace(/[?#].*/s, "")).href;
    replace(
      place,
      h(
        "div.d-flex.gap-2.mt-3",
        null,
        h("input.form-control.form-control-sm.mono", {
          readonly: true,
          value: link,
          "aria-label": t("account:link"),
          "data-field": "link",
          on: { focus: ({ target }) => (target as HTMLInputElement).select() },
        }),
        copyButton(t("account:copyLink"), () => link),
      ),
      h(
        "p.small.mt-1.mb-0",
        null,
        t("account:linkUntil", { time: formatTime(ms(expiresAt), { locale: locale() }) }),
      ),
    );
  };
  return h(
    "div",
    null,
    h("p", null, t("account:elsewhereHelp")),
    h(
      "button.btn.btn-outline-secondary.btn-sm",
      { type: "button", "data-action": "link", on: { click: () => void make().catch(failed) } },
      icon("link"),
      ` ${t("account:makeLink")}`,
    ),
    place,
  );
}
