/** The fields of a job in the groups in which people change them. */

import type { Schemas } from "../../api/client";
import { t } from "../../i18n";
import { JOB_DEFAULTS } from "../../lib/job";
import { h } from "../../ui/dom";
import { choiceLabel, fieldLabel } from "../shared/fields";
import { chipsControl } from "./chips";
import { commandControl, type CommandControl } from "./command";
import { areaControl, choiceControl, numberControl, switchControl, textControl } from "./controls";
import type { JobForm } from "./form";
import { labelsControl } from "./labels";
import { pairsControl } from "./pairs";
import { schedulePart, type SchedulePart } from "./schedule";
import { bytes, megabytes, seconds } from "./words";

/** What the form suggests and explains. */
export interface Surroundings {
  about: Schemas["About"];
  facets: Schemas["Facets"];
  workers: readonly Schemas["WorkerView"][];
  signal: AbortSignal;
}

export interface Sections {
  command: CommandControl;
  name: HTMLInputElement;
  schedule: SchedulePart;
}

const D = JOB_DEFAULTS;

/** Fills `form`. A job that exists keeps its name. */
export function fillForm(form: JobForm, around: Surroundings, exists: boolean): Sections {
  const command = commandControl(`${fieldLabel("command")}. ${t("editor:help.command")}`, around.signal);
  const nameControl = textControl("", { maxlength: 256, readonly: exists, placeholder: "nightly-backup" });
  const schedule = schedulePart(form, around.about.timezone, around.signal);
  const env = pairsControl({
    nameLabel: t("editor:envName"),
    valueLabel: t("editor:envValue"),
    add: t("editor:addVariable"),
  });
  const labels = labelsControl(around);

  form.element.append(
    form.section(
      "what",
      t("editor:section.what"),
      { open: true },
      h(
        "div.name-row",
        null,
        form.field("name", nameControl, t(exists ? "editor:help.nameFixed" : "editor:help.name")),
        form.field(
          "enabled",
          switchControl((on) => t(on ? "editor:enabled.on" : "editor:enabled.off")),
        ),
      ),
      form.field("command", command, t("editor:help.command")),
      schedule.element,
    ),
    form.section("limits", t("editor:section.limits"), {}, ...limitFields(form)),
    form.section(
      "where",
      t("editor:section.where"),
      {},
      form.field("workerLabels", labels, t("editor:help.workerLabels")),
      h(
        "div.form-grid",
        null,
        form.field(
          "broadcast",
          switchControl((on) => t(on ? "yes" : "no")),
          t("editor:help.broadcast"),
        ),
        form.field(
          "user",
          textControl(D.user, { placeholder: t("editor:workersUser") }),
          t("editor:help.user"),
        ),
      ),
    ),
    form.section(
      "environment",
      t("editor:section.environment"),
      {},
      form.field("env", env, t("editor:help.env")),
      h(
        "div.form-grid",
        null,
        form.field(
          "shell",
          textControl(D.shell, { class: "mono", placeholder: D.shell }),
          t("editor:help.shell"),
        ),
        form.field("cwd", textControl(D.cwd, { class: "mono", placeholder: t("editor:workersCwd") })),
      ),
    ),
    form.section("details", t("editor:section.details"), {}, ...detailFields(form, around)),
  );
  // A click on the label of an editor leads nowhere by itself.
  form.element
    .querySelector("[data-field='command'] > label")
    ?.addEventListener("click", () => command.focus());
  return {
    command,
    name: nameControl.element as HTMLInputElement,
    schedule,
  };
}

function limitFields(form: JobForm): HTMLElement[] {
  const choice = (path: "overlap" | "misfire" | "onWorkerLoss" | "onIsolation", values: readonly string[]) =>
    form.field(
      path,
      choiceControl(
        values.map((value) => ({
          value,
          label: choiceLabel(path, value),
          help: t(`editor:choiceHelp.${path}.${value}` as "editor:choiceHelp.overlap.skip"),
          disabled: !form.supports(`${path}.${value}`),
        })),
        D[path],
      ),
    );
  const inSeconds = (path: string, empty: number | null, help?: string) =>
    form.field(path, numberControl(empty, t("editor:unit.seconds"), seconds), help);
  return [
    h(
      "div.form-grid",
      null,
      choice("overlap", ["skip", "allow", "queue", "replace"]),
      h(
        "div.form-grid",
        null,
        inSeconds("timeoutSeconds", D.timeoutSeconds, t("editor:help.timeout")),
        inSeconds("killGraceSeconds", D.killGraceSeconds, t("editor:help.killGrace")),
      ),
      choice("misfire", ["skip", "latest", "all"]),
      inSeconds("misfireWindowSeconds", D.misfireWindowSeconds, t("editor:help.misfireWindow")),
      choice("onWorkerLoss", ["fail", "rerun"]),
      choice("onIsolation", ["continue", "kill"]),
      form.field(
        "outputLimitBytes",
        numberControl(D.outputLimitBytes, t("editor:unit.bytes"), bytes),
        t("editor:help.outputLimit"),
      ),
    ),
    h(
      "fieldset.form-group",
      null,
      h("legend", null, t("editor:retries")),
      h(
        "div.form-grid.form-grid-3",
        null,
        form.field("retries.max", numberControl(D.retries.max, "")),
        inSeconds("retries.delaySeconds", D.retries.delaySeconds),
        form.field("retries.backoff", numberControl(D.retries.backoff, "×")),
        inSeconds("retries.maxDelaySeconds", D.retries.maxDelaySeconds),
        form.field(
          "retries.onExitCodes",
          chipsControl({
            label: fieldLabel("retries.onExitCodes"),
            placeholder: t("editor:anyExitCode"),
            parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
          }),
        ),
      ),
    ),
    h(
      "fieldset.form-group",
      null,
      h("legend", null, t("editor:limits")),
      h(
        "div.form-grid.form-grid-3",
        null,
        form.field("limits.memoryMb", numberControl(null, "MiB", megabytes, t("editor:noLimit"))),
        form.field(
          "limits.cpuSeconds",
          numberControl(null, t("editor:unit.seconds"), seconds, t("editor:noLimit")),
        ),
        form.field("limits.openFiles", numberControl(null, "", undefined, t("editor:noLimit"))),
      ),
    ),
    h(
      "fieldset.form-group",
      null,
      h("legend", null, t("editor:monitoring")),
      h(
        "div.form-grid",
        null,
        inSeconds("successWithinSeconds", D.successWithinSeconds, t("editor:help.successWithin")),
        form.field(
          "metrics",
          switchControl((on) => t(on ? "yes" : "no")),
          t("editor:help.metrics"),
        ),
      ),
    ),
  ];
}

function detailFields(form: JobForm, { facets }: Surroundings): HTMLElement[] {
  const groups = h(
    "datalist",
    { id: "job-groups" },
    facets.groups.filter(({ value }) => value).map(({ value }) => h("option", { value })),
  );
  const chips = (path: string, suggestions: readonly string[] = [], placeholder?: string) =>
    form.field(
      path,
      chipsControl({
        label: fieldLabel(path),
        suggestions,
        ...(placeholder === undefined ? {} : { placeholder }),
      }),
    );
  return [
    form.field("description", areaControl({ maxlength: 4096 })),
    h(
      "div.form-grid",
      null,
      form.field(
        "group",
        textControl(null, { list: groups.id, placeholder: t("none") }),
        t("editor:help.group"),
      ),
      chips(
        "tags",
        facets.tags.map(({ value }) => value),
      ),
      chips("onSuccess", [], t("editor:jobNames")),
      chips("onFailure", [], t("editor:jobNames")),
      chips("notify.channels"),
      chips("notify.on", ["failed", "timeout", "lost", "missed", "succeeded"]),
    ),
    groups,
  ];
}
