/** User name and password, on the sign-in page and over a page whose session has ended. */

import { ApiError } from "../../api/problem";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { field } from "../../ui/field";
import { passwordInput } from "../../ui/password";

export interface Credentials {
  fields: HTMLElement;
  /** Signs in with what was typed; after a refusal the password is ready to be typed anew. */
  submit: () => Promise<void>;
}

/** With a `username` only that user can sign in. */
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
    readonly: Boolean(username),
  });
  const password = passwordInput("current-password", { name: "password", autofocus: Boolean(username) });
  const missing = () => [
    ...(user.value.trim() ? [] : [{ field: "username", message: t("signin:needUsername") }]),
    ...(password.input.value ? [] : [{ field: "password", message: t("signin:needPassword") }]),
  ];
  return {
    fields: h(
      "div",
      null,
      field({ name: "username", label: t("signin:username"), control: user }),
      field({ name: "password", label: t("signin:password"), control: password.element }),
    ),
    async submit() {
      const problems = missing();
      if (problems.length) throw new ApiError(422, "", problems);
      try {
        await session.signIn(user.value.trim(), password.input.value);
      } catch (error) {
        password.input.select();
        throw error;
      }
    },
  };
}
