/** What has to be known about a run beyond its fields: what is being done to it, and what its row promises. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatDuration } from "../../lib/time";
import { h, type Child } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { phrase } from "../../ui/phrase";
import { survivorsOf } from "../shared/run-reason";
import { counted } from "../shared/run-words";

export interface NoticeOptions {
  /** This reader has ordered its end. */
  killed: boolean;
  /** It has ended, and its row is not stored yet. */
  recording: boolean;
  /** From SIGTERM to SIGKILL; null if it is not known. */
  graceSeconds: number | null;
}

export function notice(run: Schemas["RunDetail"], options: NoticeOptions): Child {
  const { killed, recording, graceSeconds } = options;
  if (recording) return box("info", "hourglass", t("run:recording"));
  if (run.status === "queued")
    return box(
      "info",
      "hourglass",
      phrase(({ title }) => t(`run:queued.${run.worker ? "one" : "any"}`, { title, worker: run.worker }), {
        title: h("strong", null, t("run:queued.title")),
      }),
    );
  if (run.status === "running") {
    if (!killed) return null;
    const grace = graceSeconds === null ? null : formatDuration(graceSeconds * 1000, locale());
    return box(
      "warning",
      "hourglass",
      grace === null ? t("run:ending") : t("run:endingGrace", { grace }),
      "ending",
    );
  }
  const survivors = survivorsOf(run.reason);
  if (survivors) return box("danger", "alertTriangle", t("run:survived", { count: survivors }), "survivors");
  if (run.status === "killed" || run.status === "timeout")
    return run.startTime
      ? box("success", "checkCircle", t("run:gone"), "gone")
      : box("info", "info", t("run:neverStarted"));
  if (run.status === "lost") return box("warning", "alertTriangle", t("run:lost"));
  if (killed) return box("info", "info", t("run:endedFirst"));
  return run.count > 1 ? box("info", "info", t("run:range", counted(run))) : null;
}

type Kind = "info" | "success" | "warning" | "danger";

function box(kind: Kind, symbol: IconName, words: Child, name: string = kind): HTMLElement {
  return h("div.run-notice", { "data-kind": kind, "data-notice": name }, icon(symbol), h("div", null, words));
}
