/** A job that is not there as a job: deleted, or text in etcd that is none. */

import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Schemas } from "../../api/client";
import { fieldText } from "../../app/problems";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { copyButton } from "../../ui/clipboard";
import { restore } from "./restore";
import type { InvalidJobView, JobSource } from "./source";
import { versionOf } from "./versions";

/** `last` is the newest entry of its history that holds a version. */
export function deletedNotice(source: JobSource, last: Schemas["JobChange"] | undefined): HTMLElement {
  const version = last ? versionOf(last) : null;
  return h(
    "div.alert.alert-secondary.absent",
    { role: "status" },
    icon("trash"),
    h("div", null, h("h2", null, t("job:deletedTitle")), h("p.mb-0", null, t("job:deletedText"))),
    last &&
      version &&
      session.may("editor") &&
      h(
        "button.btn.btn-sm.btn-primary.ms-auto",
        {
          type: "button",
          "data-action": "restore-last",
          on: {
            click: () =>
              void restore(source.name, version, last.at, source.current).then((done) => {
                if (done) void router.refresh();
              }),
          },
        },
        icon("arrowCounterclockwise"),
        ` ${t("job:restoreLast")}`,
      ),
  );
}

export function invalidPanel(source: JobSource): HTMLElement {
  const place = h("section.card", { "data-card": "invalid" });
  source.follow(({ job }) => job?.state === "invalid" && replace(place, invalid(job as InvalidJobView)));
  return place;
}

function invalid({ reason, raw }: InvalidJobView): HTMLElement {
  return h(
    "div.card-body",
    null,
    h("h2.section-title", null, icon("alertTriangle", "tone-failed"), ` ${t("job:invalidTitle")}`),
    h("p.mt-2.mb-1", null, t("job:invalidText")),
    h("p.mono.tone-failed", { "data-field": "reason" }, fieldText(reason)),
    h(
      "div.command-box",
      null,
      h(
        "div.command-head",
        null,
        h("h3", null, t("job:invalidRaw")),
        copyButton(t("job:invalidRaw"), () => raw),
      ),
      h("pre.command.wrapped", { tabindex: "0", "data-field": "raw" }, raw),
    ),
  );
}
