/** Changing one's own password. */

import { api, call } from "../../api/client";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { clearFieldErrors, field, showFieldErrors } from "../../ui/field";
import { passwordInput } from "../../ui/password";
import { said } from "../../ui/toast";

export function passwordForm(): HTMLElement {
  const current = passwordInput("current-password");
  const next = passwordInput("new-password");
  const problem = h("div.alert.alert-danger", { role: "alert", hidden: true });
  const button = h("button.btn.btn-primary.btn-sm", { type: "submit" }, t("account:change"));

  const submit = async () => {
    button.disabled = true;
    problem.hidden = true;
    clearFieldErrors(form);
    try {
      const body = { currentPassword: current.input.value, password: next.input.value };
      await call(() => api.PUT("/api/v1/session/password", { body }));
      form.reset();
      said(t("account:changed"));
    } catch (error) {
      const rest = showFieldErrors(form, error);
      replace(problem, rest);
      problem.hidden = rest === null;
    } finally {
      button.disabled = false;
    }
  };

  const form = h(
    "form",
    {
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          void submit();
        },
      },
    },
    // Tells password managers whose password it is.
    h("input", {
      type: "text",
      autocomplete: "username",
      value: session.current?.user ?? "",
      hidden: true,
      readonly: true,
    }),
    field({ name: "currentPassword", label: t("account:current"), control: current.element }),
    field({
      name: "password",
      label: t("account:next"),
      help: t("account:nextHelp"),
      control: next.element,
    }),
    problem,
    h("p.small.text-body-secondary", null, t("account:ends")),
    button,
  );
  return form;
}
