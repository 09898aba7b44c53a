/** The whole definition as JSON, to read, copy, or change. */

import { ApiError } from "../../api/problem";
import { t } from "../../i18n";
import { fieldChanges } from "../../lib/diff";
import type { JobJson } from "../../lib/job";
import { copyButton } from "../../ui/clipboard";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import type { JobForm } from "./form";
import { essentials, wholeJob } from "./model";

/**
 * Shows what `form` holds; what the reader makes of it goes back into the form. Whether anything has.
 * `name`: that of a job that exists, which it keeps.
 */
export async function editJson(form: JobForm, name: string | null): Promise<boolean> {
  const job = form.read();
  const before = JSON.stringify(essentials(job), null, 2);
  const text = h("textarea.form-control.mono", {
    rows: Math.min(24, before.split("\n").length + 2),
    "aria-label": "JSON",
    spellcheck: "false",
  });
  text.value = before;
  const agreed = await confirm({
    title: t("editor:json.title"),
    size: "lg",
    action: t("editor:json.apply"),
    body: h(
      "div",
      null,
      h(
        "div.d-flex.gap-3.align-items-start.mb-2",
        null,
        h("p.form-text.m-0.me-auto", null, t("editor:json.help")),
        copyButton(t("copy"), () => text.value),
      ),
      text,
    ),
    act: () => {
      if (text.value !== before) apply(form, job, text.value, name);
    },
  });
  return agreed && text.value !== before;
}

/** Throws an error in words, and leaves the form as it was, for what the form cannot hold. */
function apply(form: JobForm, before: JobJson, text: string, name: string | null): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiError(422, t("editor:json.bad", { detail: error instanceof Error ? error.message : "" }));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ApiError(422, t("editor:json.object"));
  const wanted = wholeJob({ ...(name !== null && { name }), ...value });
  if (name !== null && wanted.name !== name) throw new ApiError(422, t("editor:help.nameFixed"));
  form.write(wanted);
  const lost = fieldChanges(wanted, form.read());
  if (!lost.length) return;
  form.write(before);
  throw new ApiError(422, t("editor:json.lost", { names: lost.map(({ field }) => field).join(", ") }));
}
