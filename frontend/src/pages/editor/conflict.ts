/** Somebody else was first: field by field, theirs or mine; or another name. */

import { href } from "../../app/address";
import { t } from "../../i18n";
import { confirm } from "../../ui/dialog";
import { check } from "../../ui/check";
import { h, newId, type Child } from "../../ui/dom";
import { phrase } from "../../ui/phrase";
import { ago } from "../../ui/time";
import { changeView } from "../shared/changes";
import { fieldLabel } from "../shared/fields";
import type { Disagreement } from "./model";

export interface Author {
  actor: string;
  at: string;
}

/** The fields in which theirs shall be taken; null if the reader wants to think about it. */
export async function askMerge(
  fields: readonly Disagreement[],
  author: Author | null,
): Promise<string[] | null> {
  const theirs = new Set(fields.filter(({ both }) => !both).map(({ field }) => field));
  const inputs: { field: string; side: "theirs" | "mine"; input: HTMLInputElement }[] = [];
  const option = (group: string, { field }: Disagreement, side: "theirs" | "mine", ...words: Child[]) => {
    const input = h("input.form-check-input", { type: "radio", name: group, id: newId("side") });
    input.checked = theirs.has(field) === (side === "theirs");
    input.addEventListener("change", () => (side === "theirs" ? theirs.add(field) : theirs.delete(field)));
    inputs.push({ field, side, input });
    return h("div.merge-side", null, check(input, t(`editor:merge.${side}`)), ...words);
  };
  const all = (side: "theirs" | "mine") => {
    for (const each of inputs) {
      if (each.side !== side) continue;
      each.input.checked = true;
      if (side === "theirs") theirs.add(each.field);
      else theirs.delete(each.field);
    }
  };
  const agreed = await confirm({
    title: t("editor:merge.title"),
    size: "xl",
    action: t("editor:merge.action"),
    body: h(
      "div.merge",
      null,
      h("p.mb-1", null, who(author)),
      h("p", null, t(fields.length ? "editor:merge.choose" : "editor:merge.nothing")),
      fields.length > 1 &&
        h(
          "div.d-flex.gap-2.mb-3",
          null,
          (["theirs", "mine"] as const).map((side) =>
            h(
              "button.btn.btn-sm.btn-outline-secondary",
              { type: "button", on: { click: () => all(side) } },
              t(`editor:merge.all.${side}`),
            ),
          ),
        ),
      fields.map((each) => {
        const group = newId("merge");
        const { field, base } = each;
        return h(
          "fieldset.merge-field",
          { "data-field": field },
          h(
            "legend",
            null,
            fieldLabel(field),
            each.both && h("span.chip.ms-2", null, t("editor:merge.both")),
          ),
          h(
            "div.merge-sides",
            null,
            option(group, each, "theirs", changeView({ field, before: base, after: each.theirs })),
            option(
              group,
              each,
              "mine",
              each.both
                ? changeView({ field, before: base, after: each.mine })
                : h("span.text-body-secondary", null, t("editor:merge.asBefore")),
            ),
          ),
        );
      }),
    ),
  });
  return agreed ? [...theirs] : null;
}

function who(author: Author | null): Child {
  if (!author) return t("editor:merge.savedBySomebody");
  return phrase((parts) => t("editor:merge.saved", parts), {
    who: h("strong", null, author.actor),
    when: ago(author.at),
  });
}

/** There is another job of that name. */
export function takenWords(name: string): Child {
  const address = href("/jobs/:name", { name });
  return [
    t("editor:takenLong", { name }),
    " ",
    h("a.alert-link", { href: address, target: "_blank" }, t("editor:showThat")),
  ];
}
