/** Putting a former version of a job back, after a look at what that changes. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";
import { locale, t } from "../../i18n";
import type { JobJson } from "../../lib/job";
import { formatTime } from "../../lib/time";
import { confirm } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { ms } from "../../ui/time";
import { said } from "../../ui/toast";
import { changesView } from "../shared/changes";
import { asJson, type Known } from "./source";

/**
 * Asks, and writes `version` (of the time `at`) over exactly the job that `known` shows, or anew where it is
 * deleted. Whether it was done.
 */
export async function restore(name: string, version: JobJson, at: string, known: Known): Promise<boolean> {
  const done = await confirm({
    title: t("job:restore.title", { name }),
    body: [h("p", null, t("job:restore.text")), changesView(asJson(known.job), version)],
    action: t("job:restore.action"),
    size: "lg",
    act: () => write(name, version, known),
  });
  if (done)
    said(t("job:restore.done", { name, when: formatTime(ms(at), { locale: locale(), seconds: true }) }));
  return done;
}

async function write(name: string, version: JobJson, known: Known): Promise<void> {
  const headers: Record<string, string> = known.job ? { "If-Match": known.etag } : { "If-None-Match": "*" };
  try {
    await call(() =>
      api.PUT("/api/v1/jobs/{name}", {
        params: { path: { name } },
        // The audit has it without its defaults, as any client may write it.
        body: version as Schemas["Job"],
        headers,
      }),
    );
  } catch (error) {
    if (error instanceof ApiError && error.conflict)
      throw new ApiError(error.status, t("job:restore.conflict"));
    throw error;
  }
}
