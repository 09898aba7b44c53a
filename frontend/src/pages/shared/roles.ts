/** Roles in words, and the choice of one. */

import { session, type Role } from "../../app/session";
import { t } from "../../i18n";
import { check } from "../../ui/check";
import { h, newId } from "../../ui/dom";
import "./roles.css";

export const ROLES = ["viewer", "operator", "editor", "admin"] as const satisfies readonly Role[];

export function roleBadge(role: Role): HTMLElement {
  return h("span.role", { "data-role": role, title: t(`users:roleMeans.${role}`) }, t(`role.${role}`));
}

/** All that the role may do, with what it has of the roles before it. */
export function roleMeaning(role: Role): HTMLElement {
  return h(
    "ul.role-meaning",
    null,
    ROLES.slice(0, ROLES.indexOf(role) + 1).map((each) => h("li", null, t(`users:roleMeans.${each}`))),
  );
}

export interface RoleChoice {
  /** A field of a form named `role`. */
  readonly element: HTMLElement;
  readonly value: () => Role;
}

/** The roles up to the reader's own, each with what it may do. */
export function roleChoice(chosen: Role): RoleChoice {
  const name = newId("role");
  const errorId = `${name}-error`;
  const inputs = ROLES.filter((role) => session.may(role)).map((role) =>
    h("input.form-check-input", {
      type: "radio",
      name,
      id: `${name}-${role}`,
      value: role,
      checked: role === chosen,
      "aria-describedby": `${name}-${role}-help ${errorId}`,
    }),
  );
  const element = h(
    "fieldset.field.role-choice",
    { "data-field": "role" },
    h("legend.form-label", null, t("users:role")),
    inputs.map((input) => {
      const role = input.value as Role;
      const help = h("div.form-text", { id: `${input.id}-help` }, t(`users:roleMeans.${role}`));
      return check(input, t(`role.${role}`), help);
    }),
    h("div.invalid-feedback", { id: errorId }),
  );
  return { element, value: () => (inputs.find((input) => input.checked)?.value ?? chosen) as Role };
}
