/** What is done with one run, wherever it is shown. */

import { api, call } from "../../api/client";
import { href } from "../../app/address";
import { router } from "../../app/router";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { failed, said } from "../../ui/toast";
import { once } from "./once";

/** Orders the end of one run, after a question. Whether it was ordered: the run ends a moment later. */
export function killRun(id: string, jobName: string): Promise<boolean> {
  return confirm({
    title: t("killRun.title", { name: jobName }),
    body: h("p.mb-0", null, t("killRun.what")),
    action: t("killRun.action"),
    danger: true,
    act: async () => {
      const { runIds } = await call(() =>
        api.POST("/api/v1/runs/{run_id}/kill", { params: { path: { run_id: id } } }),
      );
      said(t(runIds.length ? "killRun.ordered" : "killRun.ended", { name: jobName }));
    },
  });
}

/** Runs the job of a run once more, and goes to the new run; there, the rest of a double click orders no other. */
export async function runAgain(id: string): Promise<void> {
  await once("run again", () => orderAgain(id));
}

async function orderAgain(id: string): Promise<void> {
  try {
    const { runIds } = await call(() =>
      api.POST("/api/v1/runs/{run_id}/rerun", { params: { path: { run_id: id } } }),
    );
    if (runIds[0]) router.go(href("/runs/:id", { id: runIds[0] }));
  } catch (error) {
    failed(error);
  }
}
