/** Making a copy of a job, which is off until its maker has looked at it. */

import { api, call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { href } from "../../app/address";
import { router } from "../../app/router";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { field, showFieldErrors } from "../../ui/field";
import { said } from "../../ui/toast";

/** Asks for a name, makes the copy and opens it. */
export async function copyJob(name: string): Promise<void> {
  const input = h("input.form-control", {
    type: "text",
    maxlength: 128,
    autocomplete: "off",
    required: true,
  });
  input.value = t("job:copyDialog.suggestion", { name });
  const form = h(
    "div",
    null,
    field({
      name: "name",
      label: t("job:copyDialog.name"),
      help: t("job:copyDialog.help"),
      control: input,
    }),
  );
  const made = await confirm({
    title: t("job:copyDialog.title", { name }),
    body: form,
    action: t("job:copyDialog.action"),
    act: async () => {
      try {
        await call(() =>
          api.POST("/api/v1/jobs/{name}/clone", {
            params: { path: { name } },
            body: { name: input.value.trim(), enabled: false },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.fields.length === 0) throw error;
        const rest = showFieldErrors(form, error);
        if (rest !== null) throw new ApiError(0, rest);
        return false;
      }
    },
  });
  if (!made) return;
  const copy = input.value.trim();
  said(t("job:copyDialog.done", { name: copy }));
  router.go(href("/jobs/:name", { name: copy }));
}
