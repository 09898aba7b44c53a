/** What stays in view while a job is edited: how much has changed, and the way to save it. */

import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { menu } from "../../ui/menu";

export interface BarActions {
  /** Whether the job exists already. */
  exists: boolean;
  save: (run: boolean) => void;
  review: () => void;
  undo: () => void;
}

export class SaveBar {
  readonly element: HTMLElement;
  private readonly said = h("span", { "aria-live": "polite" });
  private readonly more: HTMLElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(actions: BarActions) {
    const link = (label: string, action: string, act: () => void) =>
      h("button.btn.btn-sm.btn-link", { type: "button", "data-action": action, on: { click: act } }, label);
    this.more = h(
      "span",
      null,
      actions.exists && link(t("editor:review"), "review", actions.review),
      actions.exists && link(t("editor:undo"), "undo", actions.undo),
    );
    const save = h(
      "button.btn.btn-primary",
      {
        type: "button",
        "data-save": true,
        "data-action": "save",
        title: "Ctrl-S",
        on: { click: () => actions.save(false) },
      },
      t(actions.exists ? "save" : "editor:create"),
    );
    const choices = menu(
      t("editor:saveChoices"),
      icon("chevronDown"),
      [
        {
          label: [icon("play"), ` ${t(actions.exists ? "editor:saveAndRun" : "editor:createAndRun")}`],
          act: () => actions.save(true),
        },
      ],
      "btn btn-primary dropdown-toggle-split",
    );
    choices.classList.add("btn-group", "dropup");
    this.buttons = [save, ...choices.querySelectorAll("button")];
    this.element = h(
      "div.save-bar",
      { role: "region", "aria-label": t("editor:saveBar") },
      h("div.save-bar-words", null, this.said, this.more),
      h("div.btn-group", null, save, choices),
    );
  }

  /** `count` fields differ from what is stored, or, where no job is stored, from the defaults. */
  update(count: number, stored: boolean): void {
    const key = stored ? "editor:changes" : "editor:fieldsSet";
    const text = count ? t(key, { count }) : t(stored ? "editor:noChanges" : "editor:nothingSet");
    if (this.said.textContent !== text) replace(this.said, text);
    this.more.hidden = count === 0;
  }

  busy(busy: boolean): void {
    for (const button of this.buttons) button.disabled = busy;
  }
}
