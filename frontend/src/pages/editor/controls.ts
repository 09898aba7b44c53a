/** The simple controls of the job form. Each takes and gives the JSON value of its field. */

import { t } from "../../i18n";
import { h, newId, replace, type Props } from "../../ui/dom";

export interface Control {
  readonly element: HTMLElement;
  /** What was typed; text that is no proper value is given as it is, for the server to refuse with its reason. */
  get(): unknown;
  set(value: unknown): void;
  /** Take what is typed and not entered yet. */
  settle?(): void;
  /** What `get` cannot tell and no server would refuse, such as half a date; null: nothing. */
  problem?(): string | null;
}

/** One line of text. `empty` is the value of an empty line: the default of the field. */
export function textControl(empty: string | null, props: Props = {}): Control {
  const input = h("input.form-control", { type: "text", autocomplete: "off", spellcheck: "false", ...props });
  return {
    element: input,
    get: () => input.value.trim() || empty,
    set: (value) => (input.value = value === empty || typeof value !== "string" ? "" : value),
  };
}

/** A number with its unit. `words` says it for people, such as 5400 as 1 h 30 min. */
export function numberControl(
  empty: number | null,
  unit: string,
  words?: (value: number) => string,
  placeholder = empty === null ? t("none") : String(empty),
): Control {
  const input = h("input.form-control", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    placeholder,
  });
  const said = h("span.input-group-text.number-words", { "aria-hidden": "true" });
  const get = (): unknown => {
    const text = input.value.trim();
    if (!text) return empty;
    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  const say = () => {
    const value = get();
    const text = typeof value === "number" && words ? words(value) : "";
    said.hidden = !text;
    replace(said, text && `= ${text}`);
  };
  input.addEventListener("input", say);
  say();
  return {
    element: h("div.input-group", null, input, unit && h("span.input-group-text", null, unit), said),
    get,
    set(value) {
      const shown = typeof value === "number" || typeof value === "string" ? String(value) : "";
      input.value = value === empty ? "" : shown;
      say();
    },
  };
}

/** On or off; `words` says what each means. */
export function switchControl(words: (on: boolean) => string): Control {
  const input = h("input.form-check-input", { type: "checkbox", role: "switch" });
  const said = h("span.form-check-label", { "aria-hidden": "true" });
  const say = () => replace(said, words(input.checked));
  input.addEventListener("change", say);
  return {
    element: h("div.form-check.form-switch", null, input, said),
    get: () => input.checked,
    set(value) {
      input.checked = value === true;
      say();
    },
  };
}

export interface Choice {
  value: string;
  label: string;
  help: string;
  disabled: boolean;
}

/** One of several, with what the chosen one means below it. */
export function choiceControl(choices: readonly Choice[], initial: string): Control {
  const helpId = newId("choice");
  const select = h(
    "select.form-select",
    null,
    choices.map(({ value, label, disabled }) =>
      h(
        "option",
        { value, disabled },
        label,
        value === initial && ` (${t("fields:defaultValue")})`,
        disabled && ` (${t("editor:notYet")})`,
      ),
    ),
  );
  const help = h("div.form-text", { id: helpId });
  const say = () => replace(help, choices.find(({ value }) => value === select.value)?.help);
  select.addEventListener("change", say);
  return {
    element: h("div", null, select, help),
    get: () => select.value,
    set(value) {
      select.value = String(value);
      say();
    },
  };
}

/** Several lines of plain text. */
export function areaControl(props: Props = {}): Control {
  const input = h("textarea.form-control", { rows: 3, ...props });
  return {
    element: input,
    get: () => input.value,
    set: (value) => (input.value = typeof value === "string" ? value : ""),
  };
}
