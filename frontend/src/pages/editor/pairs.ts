/** Names with values, such as environment variables: a row each; pasted `NAME=value` lines become rows. */

import { t } from "../../i18n";
import { h, newId, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Control } from "./controls";

export interface PairOptions {
  nameLabel: string;
  valueLabel: string;
  add: string;
  /** Known names with their known values. */
  suggestions?: ReadonlyMap<string, readonly string[]>;
}

interface Row {
  element: HTMLElement;
  name: HTMLInputElement;
  value: HTMLInputElement;
}

export interface Pairs extends Control {
  /** Names that come twice, and values without a name. */
  problem(): string | null;
}

export function pairsControl(options: PairOptions): Pairs {
  const { suggestions = new Map<string, readonly string[]>() } = options;
  let rows: Row[] = [];
  const place = h("div.pairs-rows");
  const names = h("datalist", { id: newId("names") });
  const values = h("datalist", { id: newId("values") });
  const add = h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", on: { click: () => append("", "").name.focus() } },
    icon("plus"),
    ` ${options.add}`,
  );
  const element = h("div.pairs", { "data-input": true, tabindex: "-1" }, place, add, names, values);
  replace(
    names,
    [...suggestions.keys()].map((value) => h("option", { value })),
  );

  const told = () => element.dispatchEvent(new Event("input", { bubbles: true }));

  function append(nameText: string, valueText: string, after?: Row): Row {
    const name = h("input.form-control.form-control-sm.mono", {
      "aria-label": options.nameLabel,
      placeholder: options.nameLabel,
      autocomplete: "off",
      spellcheck: "false",
      list: suggestions.size ? names.id : null,
    });
    const value = h("input.form-control.form-control-sm.mono", {
      "aria-label": options.valueLabel,
      placeholder: options.valueLabel,
      autocomplete: "off",
      spellcheck: "false",
      list: suggestions.size ? values.id : null,
    });
    name.value = nameText;
    value.value = valueText;
    const remove = h(
      "button.btn.btn-sm.btn-outline-secondary",
      { type: "button", "aria-label": t("editor:removeRow"), title: t("editor:removeRow") },
      icon("x"),
    );
    const row: Row = { element: h("div.pair", null, name, value, remove), name, value };
    value.addEventListener("focus", () => {
      const known = suggestions.get(name.value.trim()) ?? [];
      replace(
        values,
        known.map((each) => h("option", { value: each })),
      );
    });
    name.addEventListener("paste", (event) => {
      const pasted = linesOf(event.clipboardData?.getData("text") ?? "");
      if (!pasted) return;
      event.preventDefault();
      let last = row;
      for (const [pastedName, pastedValue] of pasted) last = append(pastedName, pastedValue, last);
      if (!name.value && !value.value) drop(row);
      last.value.focus();
      told();
    });
    remove.addEventListener("click", () => {
      const next = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
      drop(row);
      (next?.name ?? add).focus();
      told();
    });
    const index = after ? rows.indexOf(after) + 1 : rows.length;
    rows.splice(index, 0, row);
    place.insertBefore(row.element, place.children[index] ?? null);
    return row;
  }

  function drop(row: Row): void {
    rows = rows.filter((each) => each !== row);
    row.element.remove();
  }

  const filled = () => rows.filter(({ name, value }) => name.value.trim() || value.value);

  return {
    element,
    get: () => Object.fromEntries(filled().map(({ name, value }) => [name.value.trim(), value.value])),
    set(value) {
      for (const row of rows) row.element.remove();
      rows = [];
      const pairs = typeof value === "object" && value !== null ? value : {};
      for (const [name, text] of Object.entries(pairs)) append(name, String(text));
    },
    problem() {
      const found = filled().map(({ name }) => name.value.trim());
      const twice = found.find((name, index) => found.indexOf(name) !== index);
      if (found.includes("")) return t("editor:valueWithoutName");
      return twice === undefined ? null : t("editor:nameTwice", { name: twice });
    },
  };
}

/** The pairs of pasted `NAME=value` lines (`export` and quotes may stand around); null if it is anything else. */
export function linesOf(text: string): [string, string][] | null {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() && !line.trim().startsWith("#"));
  const pairs = lines.map((line) => /^\s*(?:export\s+)?([^\s=]+)=(.*)$/.exec(line));
  if (!pairs.length) return null;
  const found: [string, string][] = [];
  for (const pair of pairs) {
    if (!pair) return null;
    found.push([pair[1] ?? "", (pair[2] ?? "").trim().replace(/^(["'])(.*)\1$/, "$2")]);
  }
  return found;
}
