/** The filters above the audit. */

import { t } from "../../i18n";
import { h, newId } from "../../ui/dom";
import { labelled, select, setOptions, timeFilter } from "../shared/filter-bar";
import { ANY_TIME } from "../shared/time-range";
import { actionsOf, isFiltered, KINDS, type AuditShown } from "./view";

/** `change` is told of every choice; `show` brings the controls in step with a view. `users` are suggested. */
export function filters(
  users: readonly string[],
  change: (part: Partial<AuditShown>) => void,
): { element: HTMLElement; show: (view: AuditShown) => void } {
  const kind = select("kind", t("audit:kind"), (value) => change({ kind: value as AuditShown["kind"] }));
  setOptions(kind.input, [
    ["", t("audit:anyKind")],
    ...KINDS.map((each) => [each, t(`audit:kinds.${each}`)] as const),
  ]);
  const action = select("action", t("audit:action"), (value) =>
    change({ action: value as AuditShown["action"] }),
  );
  const target = name("target", t("audit:target"), t("audit:targetHint"), (value) =>
    change({ target: value }),
  );
  target.input.dataset.search = "";
  const actor = name("actor", t("audit:actor"), t("audit:anyActor"), (value) => change({ actor: value }));
  const list = h(
    "datalist",
    { id: newId("users") },
    users.map((user) => h("option", { value: user })),
  );
  actor.input.setAttribute("list", list.id);
  const time = timeFilter(t("audit:time"), change);
  const clear = h(
    "button.btn.btn-sm.btn-link",
    {
      type: "button",
      "data-action": "clear",
      on: { click: () => change({ kind: "", action: "", target: "", actor: "", ...ANY_TIME }) },
    },
    t("audit:clear"),
  );
  return {
    element: h(
      "form.filter-bar.card",
      { role: "search", "aria-label": t("audit:filters"), on: { submit: (event) => event.preventDefault() } },
      h(
        "div.filter-row",
        null,
        kind.element,
        action.element,
        target.element,
        actor.element,
        list,
        time.element,
        clear,
      ),
    ),
    show(view) {
      kind.input.value = view.kind;
      setOptions(action.input, [
        ["", t("audit:anyAction")],
        ...actionsOf(view.kind).map((each) => [each, t(`audit:actions.${each}`)] as const),
      ]);
      action.input.value = view.action;
      target.input.value = view.target;
      actor.input.value = view.actor;
      time.show(view);
      clear.hidden = !isFiltered(view);
    },
  };
}

function name(
  field: string,
  label: string,
  hint: string,
  change: (value: string) => void,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = h("input.form-control.form-control-sm", {
    type: "search",
    placeholder: hint,
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 256,
  });
  input.addEventListener("change", () => change(input.value.trim()));
  return { element: labelled(field, label, input, input), input };
}
