/** Running a job once with other variables, or on a certain worker. */

import { api, call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { href } from "../../app/address";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { clearFieldErrors, field, setFieldError, showFieldErrors } from "../../ui/field";
import { failed, said } from "../../ui/toast";
import { parseEnv } from "./env-lines";

/** Asks, and orders the run. Variables are for editors only. */
export async function runWith(name: string): Promise<boolean> {
  const workers = await workerIds();
  const worker = h(
    "select.form-select",
    null,
    h("option", { value: "" }, t("job:runDialog.anyWorker")),
    workers.map((id) => h("option", { value: id }, id)),
  );
  const env = h("textarea.form-control.mono", { rows: 4, spellcheck: "false", autocomplete: "off" });
  const form = h(
    "div",
    null,
    field({ name: "worker", label: t("job:runDialog.worker"), control: worker }),
    session.may("editor") &&
      field({
        name: "env",
        label: t("job:runDialog.env"),
        help: t("job:runDialog.envHelp"),
        control: env,
      }),
  );
  return confirm({
    title: t("job:runDialog.title", { name }),
    body: form,
    action: t("job:runDialog.action"),
    act: async () => {
      clearFieldErrors(form);
      const parsed = parseEnv(env.value);
      if (typeof parsed === "number") {
        setFieldError(form, "env", t("job:runDialog.envLine", { line: parsed }));
        env.focus();
        return false;
      }
      return order(name, parsed, worker.value || null, form);
    },
  });
}

async function order(
  name: string,
  env: Record<string, string>,
  worker: string | null,
  form: Element,
): Promise<boolean> {
  try {
    const { runIds } = await call(() =>
      api.POST("/api/v1/jobs/{name}/run", { params: { path: { name } }, body: { env, worker } }),
    );
    const [id] = runIds;
    said(
      t("job:runDialog.ordered", { name }),
      id !== undefined && [" ", h("a", { href: href("/runs/:id", { id }) }, t("job:runDialog.show"))],
    );
    return true;
  } catch (error) {
    const rest = showFieldErrors(form, error);
    if (rest !== null) throw new ApiError(0, rest);
    return false;
  }
}

/** None where they cannot be had: any worker can still be chosen. */
async function workerIds(): Promise<string[]> {
  try {
    const { items } = await call(() => api.GET("/api/v1/workers"));
    return items.map((worker) => worker.id);
  } catch (error) {
    failed(error);
    return [];
  }
}
