/** What stands under a job's key and is no job, edited as a whole. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";
import { fieldText, problemText } from "../../app/problems";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { field, setFieldError } from "../../ui/field";
import { said } from "../../ui/toast";

const RAW_BYTES = 4_096; // what the API shows of it at most

/** Whether it was mended and saved. */
export function mendJob(job: Schemas["InvalidJobView"]): Promise<boolean> {
  const { name, revision } = job;
  const text = h("textarea.form-control.mono", { rows: 14, spellcheck: "false" });
  text.value = pretty(job.raw, name);
  const cut = new TextEncoder().encode(job.raw).length >= RAW_BYTES;
  const body = h(
    "div",
    null,
    h("div.alert.alert-warning", null, fieldText(job.reason)),
    cut && h("p", null, t("jobs:mend.cut")),
    field({ name: "json", label: t("jobs:mend.json"), help: t("jobs:mend.help"), control: text }),
  );
  const refuse = (problem: string) => {
    setFieldError(body, "json", problem);
    text.focus();
  };
  return confirm({
    title: t("jobs:mend.title", { name }),
    body,
    action: t("save"),
    size: "lg",
    act: async () => {
      const wanted = parsed(text.value);
      if (!wanted) {
        refuse(t("jobs:mend.notJson"));
        return false;
      }
      try {
        await call(() =>
          api.PUT("/api/v1/jobs/{name}", {
            params: { path: { name } },
            headers: { "If-Match": `"${revision}"` },
            body: wanted,
          }),
        );
      } catch (error) {
        refuse(words(error));
        return false;
      }
      said(t("jobs:done.save", { name }));
      return true;
    },
  });
}

/** Indented where it is JSON, as it is where it is not, and the least that makes a job where there is nothing. */
function pretty(raw: string, name: string): string {
  const found = raw.trim() ? raw : JSON.stringify({ name, command: "", cronExpr: "" });
  try {
    return JSON.stringify(JSON.parse(found), null, 2);
  } catch {
    return raw;
  }
}

function parsed(text: string): Schemas["Job"] | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Schemas["Job"])
      : null;
  } catch {
    return null;
  }
}

function words(error: unknown): string {
  if (!(error instanceof ApiError) || !error.fields.length) return problemText(error);
  return error.fields.map(({ field: at, message }) => `${at}: ${fieldText(message)}`).join("\n");
}
