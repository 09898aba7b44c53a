/** A filter with many possible values: a button that says what is chosen and opens a list that can be searched. */

import "bootstrap/js/dist/dropdown";
import { problemText } from "../app/problems";
import { locale, t } from "../i18n";
import { formatNumber } from "../lib/number";
import { h, replace } from "./dom";
import { icon } from "./icons";
import "./picker.css";

const MAX_SHOWN = 100;
const FEW = 8; // are found without a search

export interface Choice {
  value: string;
  /** What it is called; the value itself where it is absent. */
  text?: string;
  /** How many things have it. */
  count?: number;
}

export interface PickerOptions {
  label: string;
  /** Whether several can be chosen at once. */
  many?: boolean;
  /** Asked each time the list opens. */
  choices: () => Promise<readonly Choice[]> | readonly Choice[];
  /** What the present choice `value` is called. */
  text?: (value: string) => string;
  change: (values: readonly string[]) => void;
}

export class Picker {
  readonly element: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly search = h("input.form-control.form-control-sm", {
    type: "search",
    "aria-label": t("search"),
    placeholder: t("search"),
  });
  private readonly list = h("ul.picker-list");
  private choices: readonly Choice[] = [];
  private chosen: readonly string[] = [];

  constructor(private readonly options: PickerOptions) {
    this.button = h("button.btn.btn-sm.picker-button", {
      type: "button",
      "data-bs-toggle": "dropdown",
      "data-bs-auto-close": options.many ? "outside" : "true",
      "aria-expanded": "false",
    });
    const panel = h(
      "div.dropdown-menu.picker-menu",
      null,
      h("div.picker-search", null, this.search),
      this.list,
    );
    this.element = h("div.dropdown.picker", null, this.button, panel);
    this.element.addEventListener("show.bs.dropdown", () => void this.open());
    this.search.addEventListener("input", () => this.draw());
    this.search.addEventListener("keydown", ({ key }) => {
      const first = this.list.querySelector<HTMLElement>(".dropdown-item");
      if (key === "ArrowDown") first?.focus();
      if (key === "Enter") this.list.querySelector<HTMLElement>("[data-value]")?.click();
    });
    this.show([]);
  }

  /** Say that `values` are chosen now. */
  show(values: readonly string[]): void {
    this.chosen = values;
    const { label, text = (value: string) => value } = this.options;
    const [first, ...more] = values;
    this.button.classList.toggle("picked", values.length > 0);
    const words = first === undefined ? null : text(first) + (more.length ? ` +${more.length}` : "");
    replace(
      this.button,
      h("span.picker-label", null, words === null ? label : `${label}: `),
      words !== null && h("span.picker-value", null, words),
      icon("chevronDown", "picker-arrow"),
    );
    this.button.title = values.map(text).join(", ");
  }

  private async open(): Promise<void> {
    this.search.value = "";
    try {
      this.choices = await this.options.choices();
      this.draw();
      if (this.choices.length > FEW) this.search.focus();
      else this.list.querySelector<HTMLElement>(".dropdown-item")?.focus();
    } catch (error) {
      replace(this.list, h("li.picker-note", { role: "alert" }, problemText(error)));
    }
  }

  private draw(): void {
    this.search.parentElement?.toggleAttribute("hidden", this.choices.length <= FEW);
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.choices.filter(({ value, text }) => (text ?? value).toLowerCase().includes(wanted));
    const hidden = found.length - MAX_SHOWN;
    replace(
      this.list,
      this.chosen.length > 0 && h("li", null, this.clear()),
      found.slice(0, MAX_SHOWN).map((choice) => h("li", null, this.entry(choice))),
      !found.length && h("li.picker-note", null, t("none")),
      hidden > 0 && h("li.picker-note", null, t("moreFound", { count: hidden })),
    );
  }

  private clear(): HTMLElement {
    return h(
      "button.dropdown-item.text-body-secondary",
      { type: "button", on: { click: () => this.choose([]) } },
      icon("x"),
      h("span.picker-text", null, t("all")),
    );
  }

  private entry({ value, text, count }: Choice): HTMLElement {
    const on = this.chosen.includes(value);
    return h(
      "button.dropdown-item",
      {
        type: "button",
        "data-value": value,
        "aria-pressed": on ? "true" : "false",
        on: { click: () => this.choose(this.after(value, on)) },
      },
      icon("check", on ? "" : "invisible"),
      h("span.picker-text", { title: text ?? value }, text ?? value),
      count !== undefined && h("span.num.text-body-secondary", null, formatNumber(count, locale())),
    );
  }

  private after(value: string, on: boolean): readonly string[] {
    if (on) return this.chosen.filter((each) => each !== value);
    return this.options.many ? [...this.chosen, value] : [value];
  }

  private choose(values: readonly string[]): void {
    const focused = this.list.querySelector<HTMLElement>(":focus")?.dataset.value;
    this.show(values);
    this.options.change(values);
    if (!this.options.many) return;
    this.draw();
    if (focused !== undefined)
      this.list.querySelector<HTMLElement>(`[data-value="${CSS.escape(focused)}"]`)?.focus();
  }
}
