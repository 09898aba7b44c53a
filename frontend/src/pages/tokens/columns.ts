/** What a row of the list of tokens says. */

import type { Schemas } from "../../api/client";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Column } from "../../ui/table";
import { ago, serverNow, time } from "../../ui/time";
import { roleBadge } from "../shared/roles";
import { urgency } from "./expiry";

type Token = Schemas["TokenView"];

export function columns(remove: (token: Token) => void): Column<Token>[] {
  const all: (Column<Token> | null)[] = [
    {
      id: "name",
      header: t("tokens:column.name"),
      cell: ({ name }) => h("span.fw-semibold", null, name),
    },
    session.may("admin") ? { id: "user", header: t("tokens:column.user"), cell: ({ user }) => user } : null,
    { id: "role", header: t("tokens:column.role"), cell: ({ role }) => roleBadge(role) },
    { id: "created", header: t("tokens:column.created"), cell: ({ createdAt }) => time(createdAt) },
    { id: "expires", header: t("tokens:column.expires"), cell: expiryCell },
    {
      id: "actions",
      header: h("span.visually-hidden", null, t("tokens:column.actions")),
      cell: (token) => removeButton(token, remove),
    },
  ];
  return all.filter((column) => column !== null);
}

function expiryCell({ expiresAt }: Token): Child {
  if (expiresAt === null) return h("span.text-body-secondary", null, t("tokens:never"));
  const urgent = urgency(expiresAt, serverNow());
  if (urgent === "over")
    return h("span.expiry", { "data-urgency": urgent }, icon("xCircle"), t("tokens:expired"));
  return h("span.expiry", { "data-urgency": urgent }, urgent && icon("alertTriangle"), ago(expiresAt));
}

function removeButton(token: Token, remove: (token: Token) => void): HTMLElement {
  const label = t("tokens:deleteOf", { name: token.name });
  return h(
    "button.btn.btn-sm.btn-outline-secondary",
    {
      type: "button",
      "data-action": "delete",
      title: label,
      "aria-label": label,
      on: { click: () => remove(token) },
    },
    icon("trash"),
  );
}
