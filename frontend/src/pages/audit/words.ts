/** An entry of the audit in words. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import type { Role } from "../../app/session";
import { t } from "../../i18n";
import { fieldChanges } from "../../lib/diff";
import { h, type Child } from "../../ui/dom";
import { phrase } from "../../ui/phrase";
import { time } from "../../ui/time";
import { fieldLabel } from "../shared/fields";
import { ROLES } from "../shared/roles";
import { actionsOf } from "./view";

export type Entry = Schemas["AuditView"];

const FIELDS_NAMED = 4;
const UNKNOWN = "(unknown)"; // whom the server puts for a name that is no user's
const SETTINGS = "settings";

/** "admin changed job nightly", with the names as links. */
export function sentence(entry: Entry): Child[] {
  const known = actionsOf("").find((each) => each === entry.action);
  const parts = { actor: actorName(entry.actor), target: targetName(entry), action: entry.action };
  return phrase((names) => t(known ? `audit:did.${known}` : "audit:did.other", names), parts);
}

/** The same as text. */
export function sentenceText(entry: Entry): string {
  return h("span", null, sentence(entry)).textContent;
}

/** Links to all that somebody did. */
function actorName(actor: string): Child {
  if (actor === UNKNOWN) return t("audit:unknownUser");
  const words = actor === SETTINGS ? t("audit:bySettings") : actor;
  return h("a.who", { href: href("/audit", {}, { actor }) }, words);
}

/** Links to the thing itself, or to all that was done to it. A token is known by its name. */
function targetName({ kind, target, before, after }: Entry): Child {
  const name = (after ?? before)?.name;
  if (kind === "token") return h("b", null, typeof name === "string" ? name : target);
  if (target === UNKNOWN) return t("audit:unknownUser");
  const to = {
    job: href("/jobs/:name", { name: target }),
    worker: href("/workers"),
  }[kind];
  return h("a.what", { href: to ?? href("/audit", {}, { kind, target }) }, target);
}

/** What is most worth knowing beside the sentence, in a few words. */
export function summary(entry: Entry): Child {
  const { kind, action, before, after, detail } = entry;
  if (action === "job.update") return jobFields(before, after);
  if (action === "job.run" || action === "job.kill") return runs(detail.runIds);
  if (kind === "user" || (kind === "token" && action === "token.create")) return account(entry);
  return typeof detail.reason === "string" ? detail.reason : null;
}

function jobFields(before: Entry["before"], after: Entry["after"]): Child {
  const fields = fieldChanges(before, after).map(({ field }) => fieldLabel(field));
  return fields.slice(0, FIELDS_NAMED).join(", ") + (fields.length > FIELDS_NAMED ? " …" : "");
}

function runs(ids: unknown): Child {
  if (!Array.isArray(ids)) return null;
  const [id] = ids.map(String);
  const words = t("audit:runs", { count: ids.length });
  return id !== undefined && ids.length === 1 ? h("a", { href: href("/runs/:id", { id }) }, words) : words;
}

function account({ action, before, after, detail }: Entry): Child {
  if (action.endsWith(".create")) return after && valueText("role", after.role);
  if (!before || !after) return null;
  const role =
    before.role !== after.role && `${valueText("role", before.role)} → ${valueText("role", after.role)}`;
  const disabled =
    before.disabled !== after.disabled && t(after.disabled ? "audit:disabled" : "audit:enabled");
  const password = Boolean(detail.password) && t("audit:field.password");
  return [role, disabled, password].filter(Boolean).join(", ");
}

const FIELDS = [
  "at",
  "actor",
  "action",
  "kind",
  "target",
  "id",
  "via",
  "address",
  "role",
  "disabled",
  "name",
  "user",
  "expiresAt",
  "password",
  "runIds",
  "worker",
  "env",
  "again",
  "reason",
  "countsFrom",
  "claimedUntil",
] as const;

/** What a field of an account or of the details is called. */
export function accountField(name: string): string {
  const known = FIELDS.find((each) => each === name);
  return known ? t(`audit:field.${known}`) : name;
}

/** A value of such a field. */
export function valueText(field: string, value: unknown): string {
  if (value === null || value === undefined) return t("none");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (field === "role") {
    const role: Role | undefined = ROLES.find((each) => each === value);
    if (role) return t(`role.${role}`);
  }
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The same as an element: instants, which the server keeps as epoch ms, are times. */
export function valueView(field: string, value: unknown): Child {
  if (typeof value === "number" && ["expiresAt", "countsFrom", "claimedUntil"].includes(field))
    return time(new Date(value).toISOString(), { seconds: true });
  if (field === "password") return t("audit:changed");
  if (field === "via" && value === "session") return t("audit:via.session");
  if (field === "runIds" && Array.isArray(value))
    return value.map((id) =>
      h("a.mono.d-block", { href: href("/runs/:id", { id: String(id) }) }, String(id)),
    );
  if (field === "again" && typeof value === "string")
    return h("a.mono", { href: href("/runs/:id", { id: value }) }, value);
  return valueText(field, value);
}

/** How the actor was signed in, where it is not by password. */
export function viaText(via: unknown): string | null {
  if (via === "link") return t("audit:via.link");
  if (typeof via === "string" && via.startsWith("token:"))
    return t("audit:via.token", { name: via.slice("token:".length) });
  return null;
}
