/** What each column of the list shows of a job. */

import { href } from "../../app/address";
import { fieldText } from "../../app/problems";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, type Child } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { menu, type MenuItem } from "../../ui/menu";
import { stateBadge, statusBadge } from "../../ui/status";
import type { Column } from "../../ui/table";
import { ago, duration, time } from "../../ui/time";
import { outcomeStrip } from "../shared/outcome-strip";
import { isInvalid, type InvalidJob, type Job, type Row } from "./view";

const MAX_TAGS = 2; // of a row; the others are named on hover

export interface Parts {
  /** The box in the head that chooses the page; null: nothing can be chosen. */
  chooseAll: HTMLElement | null;
  isChosen: (name: string) => boolean;
  remove: (row: Row) => void;
  /** Edit what is no job as a whole. */
  mend: (job: InvalidJob) => void;
}

export function jobColumns({ chooseAll, isChosen, remove, mend }: Parts): Column<Row>[] {
  const columns: (Column<Row> | null)[] = [
    chooseAll && { id: "choose", header: chooseAll, cell: (row) => chooser(row, isChosen(row.name)) },
    { id: "state", header: hidden(t("jobs:column.state")), cell: stateCell },
    { id: "name", header: t("jobs:column.name"), sort: "name", cell: nameCell },
    { id: "schedule", header: t("jobs:column.schedule"), cell: scheduleCell },
    { id: "next", header: t("jobs:column.next"), sort: "nextFire", cell: nextCell },
    { id: "last", header: t("jobs:column.last"), sort: "lastStart", cell: lastCell },
    {
      id: "recent",
      header: t("jobs:column.recent"),
      cell: (row) => (isInvalid(row) || !row.recentRuns?.length ? null : outcomeStrip(row.recentRuns)),
    },
    {
      id: "actions",
      header: hidden(t("jobs:column.actions")),
      cell: (row) => actionsCell(row, remove, mend),
    },
  ];
  return columns.filter((column) => column !== null);
}

function chooser({ name }: Row, checked: boolean): HTMLElement {
  return h("input.form-check-input", {
    type: "checkbox",
    "data-action": "choose",
    "aria-label": t("jobs:choose", { name }),
    checked,
  });
}

/** Whether it fires, to be switched by those who may. */
function stateCell(row: Row): Child {
  if (isInvalid(row)) return icon("alertTriangle", "text-danger");
  const label = t("jobs:firing", { name: row.name });
  return h(
    "div.form-switch",
    { title: t(row.enabled ? "jobs:switchOff" : "jobs:switchOn") },
    h("input.form-check-input", {
      type: "checkbox",
      role: "switch",
      "data-action": "toggle",
      "aria-label": label,
      checked: row.enabled,
      disabled: !session.may("operator"),
    }),
  );
}

function nameCell(row: Row): Child {
  if (isInvalid(row)) return [nameLink(row.name, ""), h("div.second", null, stateBadge("invalid"))];
  const { group, tags = [] } = row;
  return [
    nameLink(row.name, row.description),
    (group !== null || tags.length > 0) &&
      h(
        "div.second.chips",
        null,
        group &&
          h(
            "a.chip.group",
            { href: href("/jobs", {}, { group }), title: t("jobs:ofGroup", { group }) },
            group,
          ),
        tags
          .slice(0, MAX_TAGS)
          .map((tag) =>
            h("a.chip", { href: href("/jobs", {}, { tag }), title: t("jobs:ofTag", { tag }) }, tag),
          ),
        tags.length > MAX_TAGS &&
          h("span.more", { title: tags.slice(MAX_TAGS).join(", ") }, `+${tags.length - MAX_TAGS}`),
      ),
  ];
}

function nameLink(name: string, description: string): HTMLElement {
  return h(
    "a.job-name",
    { href: href("/jobs/:name", { name }), title: description ? `${name}: ${description}` : name },
    name,
  );
}

function scheduleCell(row: Row): Child {
  if (isInvalid(row)) return h("span.small", null, fieldText(row.reason));
  const zone = row.timezone;
  return [
    h(
      "span.schedule",
      { title: zone ? `${row.cronExpr} (${zone})` : row.cronExpr },
      row.scheduleText || h("span.mono", null, row.cronExpr),
    ),
    zone && h("div.second", null, zone),
  ];
}

function nextCell(row: Row): Child {
  if (isInvalid(row)) return null;
  if (row.state !== "enabled") return stateBadge(row.state);
  return row.nextFire
    ? two(ago(row.nextFire), time(row.nextFire, { seconds: bySeconds(row.cronExpr) }))
    : null;
}

/** Whether a schedule says seconds; the others fire at whole minutes. */
function bySeconds(cronExpr: string): boolean {
  return cronExpr.startsWith("@every") || cronExpr.trim().split(/\s+/).length > 5;
}

function lastCell(row: Row): Child {
  const running = row.running > 0 && runningBadge(row);
  if (isInvalid(row) || !row.lastRun)
    return running || (isInvalid(row) ? null : h("span.text-body-secondary", null, t("jobs:never")));
  const { status, planTime, startTime, endTime, failuresInARow } = row.lastRun;
  return [
    h(
      "div.d-flex.flex-wrap.column-gap-2",
      null,
      running,
      (!running || status !== "running") && statusBadge(status),
      failuresInARow > 1 &&
        h("span.streak", { title: t("jobs:inARow", { count: failuresInARow }) }, `×${failuresInARow}`),
    ),
    h(
      "div.second",
      null,
      ago(endTime ?? startTime ?? planTime),
      startTime && endTime && [" · ", duration(startTime, endTime)],
    ),
  ];
}

function runningBadge(row: Row): HTMLElement {
  const badge = statusBadge("running");
  if (row.running > 1) badge.append(` ×${row.running}`);
  return badge;
}

function actionsCell(row: Row, remove: Parts["remove"], mend: Parts["mend"]): Child {
  const { name } = row;
  const editor = session.may("editor");
  const items: (MenuItem | null)[] = [
    { label: [icon("clockHistory"), " ", t("jobs:action.runs")], href: href("/runs", {}, { job: name }) },
    editor &&
      !isInvalid(row) && {
        label: [icon("copy"), " ", t("jobs:action.copy")],
        href: href("/new-job", {}, { from: name }),
      },
    editor && {
      label: [icon("trash"), " ", t("delete")],
      danger: true,
      act: () => remove(row),
    },
  ].filter((item) => item !== false);
  return h(
    "div.actions",
    null,
    row.running > 0 && session.may("operator") && actionButton("kill", "stop", name),
    !isInvalid(row) && session.may("operator") && actionButton("run", "play", name),
    editor && (isInvalid(row) ? mendButton(row, mend) : editLink(row)),
    menu(t("jobs:action.more", { name }), icon("dots"), items, "btn btn-sm btn-icon"),
  );
}

function actionButton(action: "run" | "kill", symbol: IconName, name: string): HTMLElement {
  const words = t(`jobs:action.${action}`);
  return h(
    "button.btn.btn-sm.btn-icon",
    {
      type: "button",
      "data-action": action,
      title: words,
      "aria-label": t("jobs:action.of", { action: words, name }),
    },
    icon(symbol),
  );
}

function editLink({ name }: Job): HTMLElement {
  return h(
    "a.btn.btn-sm.btn-icon",
    {
      href: href("/jobs/:name/edit", { name }),
      "data-action": "edit",
      title: t("edit"),
      "aria-label": t("jobs:action.of", { action: t("edit"), name }),
    },
    icon("pencil"),
  );
}

function mendButton(row: InvalidJob, mend: Parts["mend"]): HTMLElement {
  return h(
    "button.btn.btn-sm.btn-icon",
    {
      type: "button",
      "data-action": "edit",
      title: t("edit"),
      "aria-label": t("jobs:action.of", { action: t("edit"), name: row.name }),
      on: { click: () => mend(row) },
    },
    icon("pencil"),
  );
}

function two(first: Child, second: Child): Child {
  return [h("div", null, first), h("div.second", null, second)];
}

function hidden(words: string): HTMLElement {
  return h("span.visually-hidden", null, words);
}
