/** The reader's own account, and what this browser shows the console in. */

import type { Page } from "../../app/page";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { signOut } from "../../app/shell";
import { t } from "../../i18n";
import { h, newId, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { ago, time } from "../../ui/time";
import { browserChoices } from "../shared/browser-choices";
import { roleBadge, roleMeaning } from "../shared/roles";
import "./account.css";
import { signInLink } from "./link";
import { passwordForm } from "./password";

const page: Page = ({ root, title }) => {
  title(t("account:title"));
  root.append(
    h("div.page-head", null, h("h1", null, t("account:title"))),
    h(
      "div.account-grid",
      null,
      card(t("account:who"), who()),
      card(t("account:password"), passwordForm()),
      card(
        t("account:browser"),
        h("p.text-body-secondary.small", null, t("account:browserHelp")),
        browserChoices(),
      ),
      card(t("account:elsewhere"), signInLink()),
    ),
  );
};

function card(title: string, ...content: Child[]): HTMLElement {
  const id = newId("card");
  return h(
    "section.card",
    { "aria-labelledby": id },
    h("div.card-head", null, h("h2", { id }, title)),
    h("div.card-body.pt-2", null, ...content),
  );
}

function who(): Child {
  const { current } = session;
  if (!current) return null;
  const { user, role, expiresAt } = current;
  return [
    h(
      "dl.facts",
      null,
      h("dt", null, t("account:user")),
      h("dd.fw-semibold", null, user),
      h("dt", null, t("account:role")),
      h("dd", null, roleBadge(role), roleMeaning(role)),
      h("dt", null, t("account:until")),
      h("dd", null, time(expiresAt), expiresAt && [" · ", ago(expiresAt)]),
      h("dt", null, t("account:tokens")),
      h("dd", null, h("a", { href: href("/tokens", {}, { user }) }, t("account:tokensOf"))),
    ),
    h(
      "button.btn.btn-outline-secondary.btn-sm.mt-3",
      { type: "button", "data-action": "sign-out", on: { click: () => void signOut() } },
      icon("boxArrowRight"),
      ` ${t("signOut")}`,
    ),
  ];
}

export default page;
