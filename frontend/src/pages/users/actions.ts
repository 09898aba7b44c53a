/** Making and changing users. Each answers whether something was done, and has said so. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { field } from "../../ui/field";
import { passwordInput } from "../../ui/password";
import { said } from "../../ui/toast";
import { atField } from "../shared/at-field";
import { roleChoice } from "../shared/roles";

type User = Schemas["UserView"];

/** As the server has it, whose words are a pattern. */
const NAME = /^[a-z0-9][a-z0-9_.@-]{0,63}$/;

export async function createUser(): Promise<boolean> {
  const name = h("input.form-control", {
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 64,
  });
  const password = passwordInput("new-password");
  const role = roleChoice("viewer");
  const done = await confirm({
    title: t("users:new"),
    action: t("users:create"),
    body: [
      field({ name: "name", label: t("users:name"), help: t("users:nameHelp"), control: name }),
      field({
        name: "password",
        label: t("users:password"),
        help: t("users:passwordHelp"),
        control: password.element,
      }),
      role.element,
    ],
    act: () => {
      if (!NAME.test(name.value.trim()))
        throw new ApiError(422, "", [{ field: "name", message: t("users:badName") }]);
      const body = { name: name.value.trim(), role: role.value(), password: password.input.value };
      return atField("name", () => call(() => api.POST("/api/v1/users", { body })));
    },
  });
  if (done) said(t("users:created", { name: name.value.trim() }));
  return done;
}

export async function changeRole(user: User): Promise<boolean> {
  const { name } = user;
  const role = roleChoice(user.role);
  const done = await confirm({
    title: t("users:changeRole", { name }),
    action: t("users:change"),
    body: [role.element, h("p.mb-0.text-body-secondary.small", null, t("users:roleAtOnce"))],
    act: () => atField("role", () => change(name, { role: role.value() })),
  });
  if (!done) return false;
  said(t("users:roleChanged", { name, role: t(`role.${role.value()}`) }));
  return !(await wasOwn(name));
}

export async function setPassword({ name }: User): Promise<boolean> {
  const password = passwordInput("new-password");
  const done = await confirm({
    title: t("users:setPassword", { name }),
    action: t("users:set"),
    body: [
      h("p", null, t("users:passwordEnds", { name })),
      own(name),
      field({
        name: "password",
        label: t("users:newPassword"),
        help: t("users:passwordHelp"),
        control: password.element,
      }),
    ],
    act: () => change(name, { password: password.input.value }),
  });
  if (!done) return false;
  said(t("users:passwordWasSet", { name }));
  return !(await wasOwn(name));
}

/** Enabling is done at once; disabling is asked about. */
export async function setEnabled({ name }: User, enabled: boolean): Promise<boolean> {
  if (enabled) {
    await change(name, { disabled: false });
    said(t("users:wasEnabled", { name }));
    return true;
  }
  const done = await confirm({
    title: t("users:disable", { name }),
    action: t("users:disableDo"),
    danger: true,
    body: [h("p.mb-0", null, t("users:disableText")), own(name)],
    act: () => change(name, { disabled: true }),
  });
  if (!done) return false;
  said(t("users:wasDisabled", { name }));
  return !(await wasOwn(name));
}

export async function deleteUser({ name }: User): Promise<boolean> {
  const done = await confirm({
    title: t("users:delete", { name }),
    action: t("delete"),
    danger: true,
    body: [h("p.mb-0", null, t("users:deleteText")), own(name)],
    act: () => call(() => api.DELETE("/api/v1/users/{name}", { params: { path: { name } } })),
  });
  if (!done) return false;
  said(t("users:wasDeleted", { name }));
  return !(await wasOwn(name));
}

/** What is not in `part` stays. */
function change(name: string, part: Partial<Schemas["UserPatch"]>): Promise<User> {
  const body = { role: null, disabled: null, password: null, ...part };
  return call(() => api.PATCH("/api/v1/users/{name}", { params: { path: { name } }, body }));
}

function own(name: string): HTMLElement | null {
  if (name !== session.current?.user) return null;
  return h("p.mt-2.mb-0.fw-semibold", null, t("users:yourself"));
}

/** Whoever has changed their own account is another now, or nobody: the page is drawn anew for them. */
async function wasOwn(name: string): Promise<boolean> {
  if (name !== session.current?.user) return false;
  await session.restore();
  await router.refresh();
  return true;
}
