/** When a job runs: the schedule as text and by choices, its zone, and what the server makes of them. */

import type { Schemas } from "../../api/client";
import { fieldText } from "../../app/problems";
import { t } from "../../i18n";
import type { JobJson } from "../../lib/job";
import { h } from "../../ui/dom";
import { Builder } from "./builder/builder";
import { numberControl, textControl, type Control } from "./controls";
import type { JobForm } from "./form";
import { momentControl } from "./moment";
import { Preview } from "./preview";
import { seconds } from "./words";
import { zoneControl } from "./zone";

/** What the preview can refuse. */
const FIELDS = ["cronExpr", "timezone", "startsAt", "endsAt"] as const;

export interface SchedulePart {
  readonly element: HTMLElement;
  /** To be called when the form has become `job`. */
  update(job: JobJson): void;
}

export function schedulePart(form: JobForm, zone: string, signal: AbortSignal): SchedulePart {
  const { control, builder } = expressionControl();
  const preview = new Preview(signal, (error) => {
    for (const path of FIELDS) {
      const found = error?.fields.find(({ field }) => field === path);
      form.say(path, found ? fieldText(found.message) : null);
    }
  });
  const more = h(
    "details.more-schedule",
    null,
    h("summary", null, t("editor:moreSchedule")),
    h(
      "div.form-grid.mt-2",
      null,
      form.field("startsAt", momentControl()),
      form.field("endsAt", momentControl()),
      form.field(
        "jitterSeconds",
        numberControl(0, t("editor:unit.seconds"), seconds),
        t("editor:help.jitter"),
      ),
    ),
  );
  let shown = "";
  return {
    element: h(
      "div.schedule-part",
      null,
      h(
        "div",
        null,
        form.field("cronExpr", control, t("editor:help.cronExpr")),
        builder.element,
        form.field("timezone", zoneControl(zone)),
        more,
      ),
      preview.element,
    ),
    update(job) {
      const expression = String(job.cronExpr);
      if (expression !== shown) builder.show(expression);
      shown = expression;
      if (job.startsAt !== null || job.endsAt !== null) more.open = true;
      preview.show({
        cronExpr: expression,
        timezone: job.timezone,
        // Only H asks for it; no other schedule is asked about again because the name is typed.
        name: /h/i.test(expression) ? String(job.name).slice(0, 128) : "",
        startsAt: job.startsAt,
        endsAt: job.endsAt,
        count: 10,
      } as Schemas["PreviewRequest"]);
    },
  };

  /** What is chosen in the builder is not read back into it, so that the focus stays where it is. */
  function expressionControl(): { control: Control; builder: Builder } {
    const text = textControl("", { class: "mono", placeholder: "30 2 * * *", maxlength: 1024 });
    const made = new Builder((expression) => {
      text.set(expression);
      shown = expression;
      text.element.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return { control: text, builder: made };
  }
}
