/** What is done with one run, wherever it is shown. */

import { api, call } from "../../api/client";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { said } from "../../ui/toast";

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
