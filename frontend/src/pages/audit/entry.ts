/** One entry of the audit: a sentence, and all there is to know when it is opened. */

import { locale, t } from "../../i18n";
import { exactTime } from "../../lib/time";
import { copyButton } from "../../ui/clipboard";
import { h, newId, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { ago, ms, time } from "../../ui/time";
import { changesView } from "../shared/changes";
import { accountField, sentence, sentenceText, summary, valueView, viaText, type Entry } from "./words";

export function entryView(entry: Entry): HTMLElement {
  const id = newId("entry");
  const more = h("div.entry-more", { id, hidden: true });
  const toggle = h(
    "button.entry-toggle",
    {
      type: "button",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-label": t("audit:detailsOf", { what: sentenceText(entry) }),
      title: t("audit:details"),
    },
    icon("chevronRight"),
  );
  const open = () => {
    const shown = more.hidden;
    if (shown && !more.hasChildNodes()) replace(more, details(entry));
    more.hidden = !shown;
    toggle.setAttribute("aria-expanded", String(shown));
  };
  const short = summary(entry);
  const head = h(
    "div.entry-head",
    null,
    toggle,
    h("span.entry-time", null, time(entry.at, { seconds: true })),
    h("span.entry-said", null, sentence(entry)),
    h("span.entry-summary", null, short),
    h("span.entry-via", null, viaText(entry.detail.via)),
    h("span.entry-ago", null, ago(entry.at)),
  );
  head.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a")) return;
    if (getSelection()?.isCollapsed !== false) open();
  });
  return h("li.entry", { "data-key": entry.id, "data-action": entry.action }, head, more);
}

function details(entry: Entry): Child {
  const { detail } = entry;
  const facts: [string, Child][] = [
    ["at", exactTime(ms(entry.at), { locale: locale() })],
    ["actor", entry.actor],
    ["action", h("span.mono", null, entry.action)],
    ["kind", entry.kind],
    ["target", entry.target],
    ...Object.entries(detail).map(([name, value]): [string, Child] => [name, valueView(name, value)]),
    ["id", h("span.mono", null, entry.id)],
  ];
  return [
    changes(entry),
    h(
      "div.entry-facts",
      null,
      h(
        "dl.facts",
        null,
        facts.map(([name, value]) => [h("dt", { title: name }, accountField(name)), h("dd", null, value)]),
      ),
      copyButton(t("audit:copyEntry"), () => JSON.stringify(entry, null, 2)),
    ),
  ];
}

function changes({ kind, before, after }: Entry): Child {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const fields = names.filter((field) => !before || !after || before[field] !== after[field]);
  if (!fields.length) return null;
  if (kind === "job") return changesView(before, after);
  return h(
    "dl.changes",
    null,
    fields.map((field) =>
      h(
        "div.change",
        { "data-field": field },
        h("dt", { title: field }, accountField(field)),
        h(
          "dd.change-values",
          null,
          before && h("del", null, valueView(field, before[field])),
          before && after && h("span", { "aria-hidden": "true" }, "→"),
          after && h("ins", null, valueView(field, after[field])),
        ),
      ),
    ),
  );
}
