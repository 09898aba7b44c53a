/** Taking a worker out of service and putting it back. */

import { api, call, type Schemas } from "../../api/client";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { failed, said } from "../../ui/toast";
import { takesRuns } from "../shared/worker-condition";

type Worker = Schemas["WorkerView"];

/** Drain or resume, for those who may; `others` are all workers, `done` is called once it has happened. */
export function serviceButton(
  worker: Worker,
  others: () => readonly Worker[],
  done: () => void,
): HTMLElement | null {
  if (!session.may("operator")) return null;
  const name = worker.id;
  const label = t(worker.drained ? "workers:resumeName" : "workers:drainName", { name });
  return h(
    "button.btn.btn-sm.btn-outline-secondary.text-nowrap",
    {
      type: "button",
      "data-action": worker.drained ? "resume" : "drain",
      "aria-label": label,
      on: {
        click: async () => {
          if (await (worker.drained ? resume(name) : drain(worker, others()))) done();
        },
      },
    },
    icon(worker.drained ? "play" : "pause"),
    " ",
    t(worker.drained ? "workers:resume" : "workers:drain"),
  );
}

function drain(worker: Worker, all: readonly Worker[]): Promise<boolean> {
  const name = worker.id;
  const last = takesRuns(worker) && all.filter(takesRuns).length === 1;
  return confirm({
    title: t("workers:drainTitle", { name }),
    body: [
      h("p", null, t("workers:drainHelp")),
      worker.running > 0 && h("p", null, t("workers:drainRunning", { count: worker.running })),
      last && h("p.alert.alert-warning.mb-0", null, icon("alertTriangle"), " ", t("workers:drainLast")),
    ],
    action: t("workers:drain"),
    danger: last,
    act: async () => {
      await call(() =>
        api.POST("/api/v1/workers/{worker_id}/drain", { params: { path: { worker_id: name } } }),
      );
      said(t("workers:drained", { name }));
    },
  });
}

async function resume(name: string): Promise<boolean> {
  try {
    await call(() =>
      api.POST("/api/v1/workers/{worker_id}/resume", { params: { path: { worker_id: name } } }),
    );
    said(t("workers:resumed", { name }));
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}
