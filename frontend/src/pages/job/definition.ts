/** What the job is: its schedule, its command, and the fields that are not at their defaults, or all of them. */

import { t } from "../../i18n";
import { READ_ONLY } from "../../lib/job";
import { check } from "../../ui/check";
import { copyButton } from "../../ui/clipboard";
import { h, newId, replace, type Child } from "../../ui/dom";
import { fieldLabel, valueText } from "../shared/fields";
import { jobFields, type JobField } from "./job-fields";
import { isValid, type JobSource, type JobView } from "./source";

/** What the head of the page and the rows of the schedule and the command say already. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "name",
  "command",
  "cronExpr",
  "enabled",
  "description",
  "group",
  "tags",
  "timezone",
]);

/** For the overview: in short, with a way to the rest. */
export function definitionCard(source: JobSource, showAll: () => void): HTMLElement {
  const body = h("div.card-body");
  follow(source, (job) => {
    const fields = jobFields({ ...job }).filter(({ path, isDefault }) => !isDefault && !ELSEWHERE.has(path));
    replace(body, h("dl.facts", null, schedule(job), fields.map(row)), command(job));
  });
  return h(
    "section.card",
    { "data-card": "definition" },
    h(
      "div.card-head",
      null,
      h("h2", null, t("job:definition.title")),
      h(
        "button.btn.btn-sm.btn-link.p-0",
        { type: "button", on: { click: showAll } },
        t("job:definition.allFields"),
      ),
    ),
    body,
  );
}

/** For the tab: the command, then every field on demand. */
export function definitionPanel(source: JobSource): HTMLElement {
  const facts = h("dl.facts");
  const commandPlace = h("div");
  const all = h("input.form-check-input", {
    type: "checkbox",
    id: newId("all"),
    "data-action": "show-defaults",
  });
  let present: JobView | null = null;
  const draw = () => {
    if (!present) return;
    const fields = jobFields({ ...present }).filter(
      ({ path, isDefault }) => path !== "command" && (all.checked || !isDefault),
    );
    replace(
      facts,
      fields.map((field) => (field.path === "cronExpr" && present ? schedule(present) : row(field))),
      h("dt", null, t("job:definition.revision")),
      h("dd.num", null, present.revision),
    );
  };
  all.addEventListener("change", draw);
  follow(source, (job) => {
    present = job;
    draw();
    replace(commandPlace, command(job));
  });
  return h(
    "section.card",
    { "data-card": "definition" },
    h(
      "div.card-head",
      null,
      h("h2", null, t("job:definition.title")),
      check(all, t("job:definition.showDefaults")),
      copyButton(t("job:definition.copyJson"), () => (present ? asText(present) : "")),
    ),
    h("div.card-body", null, commandPlace, facts),
  );
}

function follow(source: JobSource, draw: (job: JobView) => void): void {
  let drawn = -1;
  source.follow(({ job }) => {
    if (!isValid(job) || job.revision === drawn) return;
    drawn = job.revision;
    draw(job);
  });
}

function schedule(job: JobView): Child {
  return [
    h("dt", null, t("job:definition.schedule")),
    h(
      "dd",
      { "data-field": "cronExpr" },
      h("div", null, job.scheduleText),
      h(
        "div",
        null,
        h("code.mono.expression", null, job.cronExpr),
        h("span.text-body-secondary", null, ` ${job.timezone ?? t("job:definition.serversZone")}`),
      ),
    ),
  ];
}

function row({ path, value, isDefault }: JobField): Child {
  const text =
    path === "timezone" && value === null ? t("job:definition.serversZone") : valueText(path, value);
  return [
    h("dt", { title: path }, fieldLabel(path)),
    h(
      "dd.field-value",
      { "data-field": path, class: isDefault ? "text-body-secondary" : "" },
      text ?? t("job:definition.none"),
    ),
  ];
}

function command(job: JobView): HTMLElement {
  const text = h("pre.command", { tabindex: "0", "aria-label": t("job:definition.command") }, job.command);
  const wrap = h("input.form-check-input", { type: "checkbox", id: newId("wrap"), checked: true });
  const show = () => text.classList.toggle("wrapped", wrap.checked);
  wrap.addEventListener("change", show);
  show();
  return h(
    "div.command-box",
    { "data-field": "command" },
    h(
      "div.command-head",
      null,
      h("h3", null, t("job:definition.command")),
      check(wrap, t("job:definition.wrap")),
      copyButton(t("job:definition.copyCommand"), () => job.command),
    ),
    text,
  );
}

/** The job as the API takes it, without what it has by default. */
function asText(job: JobView): string {
  const set = new Set(
    jobFields({ ...job })
      .filter(({ isDefault }) => !isDefault)
      .map(({ path }) => path.split(".")[0]),
  );
  const fields = Object.entries(job).filter(([name]) => set.has(name) && !READ_ONLY.has(name));
  return JSON.stringify(Object.fromEntries(fields), null, 2);
}
