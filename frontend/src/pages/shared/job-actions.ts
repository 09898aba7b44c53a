/** What is done with one job, wherever it is shown: asked where it cannot be undone, and said when it is done. */

import { href } from "../../app/address";
import { t } from "../../i18n";
import { api, call } from "../../api/client";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { failed, said } from "../../ui/toast";
import { once } from "./once";

/** Orders one run now, by a double click too. Its id, or null where none was ordered. */
export function runJob(name: string): Promise<string | null> {
  return once(`run ${name}`, () => orderRun(name));
}

async function orderRun(name: string): Promise<string | null> {
  try {
    const { runIds } = await call(() =>
      api.POST("/api/v1/jobs/{name}/run", { params: { path: { name } }, body: { env: {}, worker: null } }),
    );
    const id = runIds[0] ?? null;
    said(
      t("jobs:done.run", { name }),
      id && [" ", h("a", { href: href("/runs/:id", { id }) }, t("jobs:done.showRun"))],
    );
    return id;
  } catch (error) {
    failed(error);
    return null;
  }
}

/** Ends all that `name` runs now, after a question. Whether it was ordered. */
export function killJob(name: string): Promise<boolean> {
  return confirm({
    title: t("jobs:kill.title", { name }),
    body: h("p.mb-0", null, t("jobs:kill.what")),
    action: t("jobs:action.kill"),
    danger: true,
    act: async () => {
      const { runIds } = await call(() =>
        api.POST("/api/v1/jobs/{name}/kill", { params: { path: { name } } }),
      );
      said(runIds.length ? t("jobs:done.kill", { name, count: runIds.length }) : t("jobs:done.killNothing"));
    },
  });
}

/** Pauses or resumes. Whether it is so now. */
export async function enableJob(name: string, enabled: boolean): Promise<boolean> {
  const params = { params: { path: { name } } };
  try {
    if (enabled) await call(() => api.POST("/api/v1/jobs/{name}/resume", params));
    else await call(() => api.POST("/api/v1/jobs/{name}/pause", params));
    said(t(enabled ? "jobs:done.resume" : "jobs:done.pause", { name }));
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

/** Deletes after a question; with `revision` only that version of it. Whether it is gone. */
export function deleteJob(name: string, revision?: number): Promise<boolean> {
  const headers = revision === undefined ? {} : { "If-Match": `"${revision}"` };
  return confirm({
    title: t("jobs:delete.title", { name }),
    body: [h("p", null, t("jobs:delete.what")), h("p.mb-0", null, t("jobs:delete.kept"))],
    action: t("delete"),
    danger: true,
    act: async () => {
      await call(() => api.DELETE("/api/v1/jobs/{name}", { params: { path: { name } }, headers }));
      said(t("jobs:done.delete", { name }));
    },
  });
}
