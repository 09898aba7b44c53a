/** A list of short values as chips: Enter or a comma adds one, Backspace in the empty line takes the last away. */

import { t } from "../../i18n";
import { h, newId, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Control } from "./controls";

export interface ChipOptions {
  /** What the list is called, for screen readers. */
  label: string;
  suggestions?: readonly string[];
  placeholder?: string;
  /** What stands for a typed text; the text itself where it is no proper value. */
  parse?: (text: string) => string | number;
}

export function chipsControl({ label, suggestions = [], placeholder, parse = String }: ChipOptions): Control {
  let values: (string | number)[] = [];
  const list = h("ul.chips-list", { "aria-label": label });
  const options = h("datalist", { id: newId("chips") });
  const input = h("input.chips-input", {
    type: "text",
    autocomplete: "off",
    placeholder: placeholder ?? t("editor:addOne"),
    list: options.id,
  });
  const element = h("div.form-control.chips", null, list, input, options);

  const draw = () => {
    replace(
      list,
      values.map((value, index) =>
        h(
          "li.chip",
          null,
          String(value),
          h(
            "button.chip-remove",
            {
              type: "button",
              "aria-label": t("editor:removeOne", { name: String(value) }),
              on: {
                click: () => {
                  change(values.filter((_, place) => place !== index));
                  input.focus();
                },
              },
            },
            icon("x"),
          ),
        ),
      ),
    );
    const free = suggestions.filter((each) => !values.includes(each));
    replace(
      options,
      free.map((value) => h("option", { value })),
    );
  };
  const change = (next: (string | number)[]) => {
    values = next;
    draw();
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const take = (text: string) => {
    const found = text
      .split(/[,，\n]/)
      .map((each) => each.trim().normalize("NFC"))
      .filter(Boolean)
      .map(parse);
    input.value = "";
    if (found.length) change([...new Set([...values, ...found])]);
  };

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && input.value.trim()) {
      event.preventDefault();
      take(input.value);
    } else if (event.key === "Backspace" && !input.value && values.length) change(values.slice(0, -1));
  });
  input.addEventListener("input", (event) => {
    const picked = !(event as InputEvent).inputType && suggestions.includes(input.value);
    if (picked || (/[,，]/.test(input.value) && !(event as InputEvent).isComposing)) take(input.value);
  });
  input.addEventListener("change", () => take(input.value));
  element.addEventListener("click", (event) => {
    if (event.target === element || event.target === list) input.focus();
  });
  draw();
  return {
    element,
    get: () => values,
    settle: () => take(input.value),
    set(value) {
      const list: unknown[] = Array.isArray(value) ? value : [];
      values = list.filter((each) => typeof each === "string" || typeof each === "number");
      draw();
    },
  };
}
