/** The command of a run, as it ran. */

import type { Schemas } from "../../api/client";
import { t } from "../../i18n";
import { copyButton } from "../../ui/clipboard";
import { h, newId } from "../../ui/dom";

export type Job = Schemas["JobView"] | Schemas["InvalidJobView"];

/** Nothing where it is not known: a row has it once the run has ended, before that the job, if it is the same one. */
export function command(run: Schemas["RunDetail"], job: Job | null): HTMLElement | null {
  const same = job && "command" in job && job.revision === run.jobRevision ? job.command : "";
  const text = run.command || same;
  if (!text) return null;
  const titleId = newId("command");
  return h(
    "section.card.run-command",
    { "aria-labelledby": titleId },
    h(
      "div.card-head",
      null,
      h("h2", { id: titleId }, t("run:command.title")),
      copyButton(t("run:command.copy"), () => text),
    ),
    h("pre.mono", { tabindex: "0", role: "group", "aria-labelledby": titleId }, text),
  );
}
