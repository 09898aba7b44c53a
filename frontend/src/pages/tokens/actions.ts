/** Making and deleting tokens. Each answers whether it was done. */

import { api, call, type Schemas } from "../../api/client";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { copyButton } from "../../ui/clipboard";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { field } from "../../ui/field";
import { icon } from "../../ui/icons";
import { serverNow } from "../../ui/time";
import { said } from "../../ui/toast";
import { atField } from "../shared/at-field";
import { roleChoice } from "../shared/roles";
import { commandBox, curlExample } from "./examples";
import { EXPIRIES, expiresAt, type Expiry } from "./expiry";

export async function createToken(): Promise<boolean> {
  const name = h("input.form-control", {
    autocomplete: "off",
    required: true,
    maxlength: 128,
  });
  const role = roleChoice("viewer");
  const expiry = h(
    "select.form-select",
    null,
    EXPIRIES.map((each) =>
      h("option", { value: each, selected: each === "quarter" }, t(`tokens:expiries.${each}`)),
    ),
  );
  const made: Schemas["NewToken"][] = [];
  await confirm({
    title: t("tokens:new"),
    action: t("tokens:create"),
    body: [
      field({ name: "name", label: t("tokens:name"), help: t("tokens:nameHelp"), control: name }),
      field({ name: "expiresAt", label: t("tokens:expiry"), help: t("tokens:expiryHelp"), control: expiry }),
      role.element,
    ],
    act: async () => {
      const body = {
        name: name.value.trim(),
        role: role.value(),
        expiresAt: expiresAt(expiry.value as Expiry, serverNow()),
      };
      made.push(await atField("name", () => call(() => api.POST("/api/v1/tokens", { body }))));
    },
  });
  for (const token of made) await showOnce(token);
  return made.length > 0;
}

/** It closes by its button alone: what it shows cannot be had again. */
async function showOnce({ name, token }: Schemas["NewToken"]): Promise<void> {
  const shown = h("input.form-control.mono", {
    readonly: true,
    value: token,
    spellcheck: "false",
    "data-field": "token",
    "aria-label": t("tokens:token"),
    on: { focus: ({ target }) => (target as HTMLInputElement).select() },
  });
  await confirm({
    title: t("tokens:made", { name }),
    action: t("tokens:kept"),
    cancel: false,
    size: "lg",
    body: [
      h("div.alert.alert-warning.d-flex.gap-2", null, icon("alertTriangle", "mt-1"), t("tokens:once")),
      h(
        "div.token-once",
        null,
        shown,
        copyButton(t("tokens:copyToken"), () => token),
      ),
      h("h3.section-title.mt-4.mb-2", null, t("tokens:example")),
      commandBox(t("tokens:copyExample"), curlExample(token)),
    ],
  });
}

export async function deleteToken({ id, name, user }: Schemas["TokenView"]): Promise<boolean> {
  const done = await confirm({
    title: t("tokens:delete", { name }),
    action: t("delete"),
    danger: true,
    body: h(
      "p.mb-0",
      null,
      user !== session.current?.user && `${t("tokens:deleteOther", { user })} `,
      t("tokens:deleteText"),
    ),
    act: () => call(() => api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: id } } })),
  });
  if (done) said(t("tokens:deleted", { name }));
  return done;
}
