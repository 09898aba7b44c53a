/** A schedule by choices, beside its text: what is chosen becomes the text, what is typed shows as choices. */

import { t } from "../../../i18n";
import { toBuilder, toExpr, type BuilderKind, type BuilderState } from "../../../lib/cron/builder";
import { KINDS, switchKind } from "../../../lib/cron/kinds";
import { h, newId, replace, type Child } from "../../../ui/dom";
import { customControls } from "./custom";
import { everyControls, intervalControls, timesControls, weeklyControls } from "./kinds";
import { monthlyControls } from "./monthly";

export class Builder {
  readonly element: HTMLElement;
  private state: BuilderState | null = null;
  private readonly group = newId("kind");
  private readonly body = h("div.builder-body");
  private readonly kinds: HTMLInputElement[];

  /** `change` gets the text of what was chosen. */
  constructor(private readonly change: (expression: string) => void) {
    this.kinds = KINDS.map((kind) => {
      const input = h("input.btn-check", { type: "radio", name: this.group, id: newId("kind"), value: kind });
      input.addEventListener("change", () => this.choose(kind));
      return input;
    });
    this.element = h(
      "fieldset.builder",
      null,
      h("legend.visually-hidden", null, t("editor:builder.title")),
      h(
        "div.builder-kinds",
        null,
        this.kinds.map((input, index) => [
          input,
          h("label.toggle", { for: input.id }, t(`editor:builder.kinds.${KINDS[index] ?? "custom"}`)),
        ]),
      ),
      this.body,
    );
    this.draw();
  }

  /** The text has been typed. */
  show(expression: string): void {
    this.state = toBuilder(expression);
    this.draw(expression.trim() !== "");
  }

  private choose(kind: BuilderKind): void {
    this.state = switchKind(this.state, kind);
    this.draw();
    this.change(toExpr(this.state));
  }

  private draw(typed = false): void {
    const { state } = this;
    for (const input of this.kinds) input.checked = input.value === state?.kind;
    replace(
      this.body,
      state
        ? this.controls(state)
        : h("p.form-text.mb-0", null, t(typed ? "editor:builder.tooSpecial" : "editor:builder.choose")),
    );
  }

  private controls(state: BuilderState): Child {
    const told = () => this.change(toExpr(state));
    switch (state.kind) {
      case "every":
        return everyControls(state, told);
      case "interval":
        return intervalControls(state, told);
      case "daily":
        return timesControls(state, told);
      case "weekly":
        return [weeklyControls(state, told), timesControls(state, told)];
      case "monthly":
        return [monthlyControls(state, told), timesControls(state, told)];
      case "custom":
        return customControls(state, told);
    }
  }
}
