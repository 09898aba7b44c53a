/** What a row of the list of users says, and what can be done there. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, type Child } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import type { Column } from "../../ui/table";
import { time } from "../../ui/time";
import { roleBadge } from "../shared/roles";

type User = Schemas["UserView"];

export interface Row {
  user: User;
  /** How many API tokens the user has. */
  tokens: number;
}

export type Acts = Record<"toggle" | "role" | "password" | "remove", (user: User) => void>;

export function columns(acts: Acts): Column<Row>[] {
  return [
    {
      id: "enabled",
      header: h("span.visually-hidden", null, t("users:column.enabled")),
      cell: ({ user }) => toggle(user, acts.toggle),
    },
    { id: "name", header: t("users:column.name"), cell: ({ user }) => nameCell(user) },
    { id: "role", header: t("users:column.role"), cell: ({ user }) => roleBadge(user.role) },
    { id: "tokens", header: t("users:column.tokens"), class: "num", cell: tokensCell },
    { id: "created", header: t("users:column.created"), cell: ({ user }) => time(user.createdAt) },
    {
      id: "actions",
      header: h("span.visually-hidden", null, t("users:column.actions")),
      cell: ({ user }) => actions(user, acts),
    },
  ];
}

/** The switch shows what holds: it moves once the server has agreed. */
function toggle(user: User, act: Acts["toggle"]): HTMLElement {
  const input = h("input.form-check-input", {
    type: "checkbox",
    role: "switch",
    "data-action": "toggle",
    "aria-label": t("users:signsIn", { name: user.name }),
    checked: !user.disabled,
    on: {
      click: (event) => {
        event.preventDefault();
        act(user);
      },
    },
  });
  return h("div.form-switch", { title: t("users:column.enabled") }, input);
}

/** On a phone the role stands below the name. */
function nameCell({ name, role, disabled }: User): Child {
  return [
    h("span.fw-semibold", null, name),
    name === session.current?.user && [" ", h("span.chip", null, t("users:you"))],
    disabled && [" ", h("span.chip", null, t("users:disabled"))],
    h("div.d-md-none.mt-1", null, roleBadge(role)),
  ];
}

function tokensCell({ user, tokens }: Row): Child {
  if (!tokens) return h("span.text-body-secondary", null, "0");
  return h("a", { href: href("/tokens", {}, { user: user.name }) }, formatNumber(tokens, locale()));
}

function actions(user: User, acts: Acts): HTMLElement {
  const { name } = user;
  return h(
    "div.actions",
    null,
    button("role", "pencil", t("users:changeRole", { name }), () => acts.role(user)),
    button("password", "key", t("users:setPassword", { name }), () => acts.password(user)),
    button("delete", "trash", t("users:deleteOf", { name }), () => acts.remove(user)),
  );
}

function button(action: string, symbol: IconName, label: string, act: () => void): HTMLElement {
  return h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", "data-action": action, title: label, "aria-label": label, on: { click: act } },
    icon(symbol),
  );
}
