/** Which tags to add and remove, and which group to set. */

import { t } from "../../i18n";
import { isName } from "../../lib/job";
import { h } from "../../ui/dom";
import { clearFieldErrors, field, setFieldError } from "../../ui/field";
import type { Retag } from "./bulk";
import { namesOf } from "./names";

export interface RetagFields {
  element: HTMLElement;
  /** Null where something is wrong; then it is said at the field. */
  read: () => Retag | null;
}

export function retagFields(): RetagFields {
  const input = (more: object = {}) =>
    h("input.form-control", { type: "text", autocomplete: "off", ...more });
  const add = input({ autofocus: true });
  const remove = input();
  const group = input();
  const keep = h(
    "select.form-select",
    { "aria-label": t("jobs:retag.groupChoice") },
    (["keep", "set", "clear"] as const).map((value) => h("option", { value }, t(`jobs:retag.${value}`))),
  );
  group.hidden = true;
  keep.addEventListener("change", () => {
    group.hidden = keep.value !== "set";
    if (!group.hidden) group.focus();
  });
  group.setAttribute("aria-label", t("jobs:retag.newGroup"));
  const element = h(
    "div",
    null,
    field({ name: "addTags", label: t("jobs:retag.add"), help: t("jobs:retag.commas"), control: add }),
    field({ name: "removeTags", label: t("jobs:retag.remove"), control: remove }),
    field({
      name: "group",
      label: t("jobs:retag.group"),
      control: h("div.d-flex.gap-2", null, keep, group),
    }),
  );
  return {
    element,
    read() {
      clearFieldErrors(element);
      const addTags = namesOf(add.value);
      const removeTags = namesOf(remove.value);
      const wanted = group.value.trim();
      const bad = (name: string, found: readonly string[]) => {
        const wrong = found.find((each) => !isName(each));
        return wrong !== undefined && setFieldError(element, name, t("jobs:retag.badName", { name: wrong }));
      };
      if (bad("addTags", addTags) || bad("removeTags", removeTags)) return null;
      if (keep.value === "set" && !isName(wanted)) {
        setFieldError(element, "group", t("jobs:retag.badName", { name: wanted }));
        return null;
      }
      if (!addTags.length && !removeTags.length && keep.value === "keep") {
        setFieldError(element, "addTags", t("jobs:retag.nothing"));
        return null;
      }
      const moved = keep.value === "keep" ? {} : { group: keep.value === "set" ? wanted : null };
      return { addTags, removeTags, ...moved };
    },
  };
}
