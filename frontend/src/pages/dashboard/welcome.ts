/** What to do with a system that has no jobs yet. */

import { href } from "../../app/address";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { emptyState } from "../../ui/states";

export function welcome(): HTMLElement {
  const editor = session.may("editor");
  return h(
    "section.card.welcome",
    null,
    emptyState(
      "calendar3",
      t("dashboard:welcome.title"),
      h("p", null, t(editor ? "dashboard:welcome.text" : "dashboard:welcome.viewer")),
      editor &&
        h(
          "div.d-flex.flex-wrap.justify-content-center.gap-2",
          null,
          h(
            "a.btn.btn-primary",
            { href: href("/new-job") },
            icon("plus"),
            " ",
            t("dashboard:welcome.create"),
          ),
          h(
            "a.btn.btn-outline-secondary",
            { href: href("/import") },
            icon("upload"),
            " ",
            t("dashboard:welcome.import"),
          ),
        ),
    ),
  );
}
