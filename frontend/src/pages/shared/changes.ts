/** What changed between two versions of a job, for people: small values side by side, long texts line by line. */

import "./changes.css";
import { t } from "../../i18n";
import { fieldChanges, lineChanges, type FieldChange, type Hunk } from "../../lib/diff";
import type { JobJson } from "../../lib/job";
import { h } from "../../ui/dom";
import { fieldLabel, valueText } from "./fields";

/** All fields in which two jobs differ. Null stands for no job. */
export function changesView(before: JobJson | null, after: JobJson | null): HTMLElement {
  const changes = fieldChanges(before, after);
  if (!changes.length) return h("p.text-body-secondary.mb-0", null, t("fields:unchanged"));
  return h(
    "dl.changes",
    null,
    changes.map((change) =>
      h(
        "div.change",
        { "data-field": change.field },
        h("dt", { title: change.field }, fieldLabel(change.field)),
        h("dd", null, changeView(change)),
      ),
    ),
  );
}

/** One field's change. */
export function changeView({ field, before, after }: FieldChange): HTMLElement {
  const [old, now] = [valueText(field, before), valueText(field, after)];
  const long = field === "command" || [old, now].some((text) => text?.includes("\n"));
  if (long) return lineDiff(old ?? "", now ?? "");
  return h(
    "div.change-values",
    { class: field === "cronExpr" ? "mono" : "" },
    before !== undefined && h("del", null, old ?? t("none")),
    before !== undefined && h("span", { "aria-hidden": "true" }, "→"),
    h("ins", null, now ?? t("none")),
  );
}

/** Two texts line by line: `-` what went, `+` what came, with line numbers and some lines around. */
export function lineDiff(before: string, after: string): HTMLElement {
  return h(
    "div.line-diff",
    { tabindex: "0", role: "group", "aria-label": `${t("fields:before")} / ${t("fields:after")}` },
    lineChanges(before, after).map(hunkView),
  );
}

const MARKS = { same: " ", removed: "−", added: "+" } as const;

function hunkView(hunk: Hunk): HTMLElement {
  return h(
    "div.hunk",
    null,
    hunk.map((line) =>
      h(
        `div.diff-line`,
        { "data-kind": line.kind },
        h("span.diff-number", { "aria-hidden": "true" }, line.after ?? line.before),
        h("span.diff-mark", null, MARKS[line.kind]),
        h("span.diff-text", null, line.text || " "),
      ),
    ),
  );
}
