/** What an import does, or has done, with each job of the text. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { fieldText } from "../../app/problems";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import type { JobJson } from "../../lib/job";
import { h, replace, type Child } from "../../ui/dom";
import { ago } from "../../ui/time";
import { changesView } from "../shared/changes";
import { fieldLabel } from "../shared/fields";

type Item = Schemas["ImportItem"];
type Answer = Schemas["ImportAnswer"];
export type Change = Schemas["Change"];

const CHANGES: readonly Change[] = ["refused", "create", "update", "unchanged"];
const AT_ONCE = 100; // items drawn before the reader asks for more

/** The items of `answer`, to be looked through by kind. */
export function itemsView(answer: Answer): HTMLElement {
  const list = h("div.import-items");
  const kinds = CHANGES.filter((change) => answer[change] > 0);
  const chosen = new Set<Change>(kinds.length > 1 ? kinds.filter((kind) => kind !== "unchanged") : kinds);
  let limit = AT_ONCE;

  const draw = () => {
    const found = answer.items
      .filter(({ change }) => chosen.has(change))
      .sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change));
    const more = found.length - limit;
    replace(
      list,
      found.slice(0, limit).map((item) => itemView(item, answer.applied)),
      more > 0 &&
        h(
          "button.btn.btn-sm.btn-outline-secondary.m-3",
          {
            type: "button",
            on: {
              click: () => {
                limit += AT_ONCE;
                draw();
              },
            },
          },
          t("import:showMore", { count: more, shown: formatNumber(more, locale()) }),
        ),
    );
  };

  const toggle = (change: Change) => {
    const button = h(
      "button.btn.btn-sm.import-kind",
      { type: "button", "data-change": change, "aria-pressed": chosen.has(change) ? "true" : "false" },
      `${formatNumber(answer[change], locale())} ${t(`import:${answer.applied ? "done" : "change"}.${change}`)}`,
    );
    button.addEventListener("click", () => {
      if (!chosen.delete(change)) chosen.add(change);
      button.setAttribute("aria-pressed", String(chosen.has(change)));
      draw();
    });
    return button;
  };

  draw();
  return h(
    "div",
    null,
    h("div.import-kinds", { role: "group", "aria-label": t("import:kinds") }, kinds.map(toggle)),
    answer.notes.length > 0 &&
      h(
        "ul.import-notes",
        null,
        answer.notes.map((note) => h("li", null, fieldText(note))),
      ),
    list,
  );
}

function itemView(item: Item, applied: boolean): HTMLElement {
  const { change, name, where, errors, notes } = item;
  const there = item.revision > 0 || (applied && change !== "refused");
  return h(
    "div.import-item",
    { "data-key": name || where, "data-change": change },
    h(
      "div.import-item-head",
      null,
      h(
        "span.import-change",
        { "data-change": change },
        t(`import:${applied ? "done" : "change"}.${change}`),
      ),
      name &&
        (there
          ? h(
              "a.fw-semibold",
              { href: href("/jobs/:name", { name }), target: "_blank", rel: "noopener" },
              name,
            )
          : h("span.fw-semibold", null, name)),
      h("span.text-body-secondary.small", null, whereText(where)),
      item.scheduleText && h("span.small.import-schedule", null, scheduleOf(item)),
    ),
    errors.length > 0 &&
      h(
        "ul.import-errors",
        null,
        errors.map(({ field, message }) =>
          h("li", null, field && h("strong", null, `${fieldLabel(field)}: `), fieldText(message)),
        ),
      ),
    notes.length > 0 &&
      h(
        "ul.import-notes",
        null,
        notes.map((note) => h("li", null, fieldText(note))),
      ),
    details(item),
  );
}

function details({ change, before, after }: Item): Child {
  if (change === "update") return changesView(before ?? null, after ?? null);
  if (change !== "create" || !after) return null;
  const { command, cronExpr, ...rest } = after as JobJson;
  const others = Object.keys(rest).length > 1;
  return [
    h("pre.import-command", { title: String(cronExpr) }, String(command)),
    others && h("details", null, h("summary.small", null, t("import:allFields")), changesView(null, after)),
  ];
}

function scheduleOf({ scheduleText, nextFire }: Item): Child {
  return [scheduleText, nextFire && [" · ", t("import:next"), " ", ago(nextFire)]];
}

/** `line 3`, `job 2`, in the reader's language. */
function whereText(where: string): string {
  const [, kind, number] = /^(line|job) (\d+)/.exec(where) ?? [];
  return kind ? t(`import:where.${kind as "line"}`, { number }) : where;
}
