/** User name and password, on the sign-in page and over a page whose session has ended. */

import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { field } from "../../ui/field";

export interface Credentials {
  fields: HTMLElement;
  /** Signs in with what was typed. */
  submit: () => Promise<void>;
}

export function credentials(username = ""): Credentials {
  const user = h("input.form-control", {
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 64,
    value: username,
    autofocus: !username,
  });
  const password = h("input.form-control", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    autofocus: Boolean(username),
  });
  return {
    fields: h(
      "div",
      null,
      field({ name: "username", label: t("signin:username"), control: user }),
      field({ name: "password", label: t("signin:password"), control: password }),
    ),
    submit: () => session.signIn(user.value.trim(), password.value),
  };
}
