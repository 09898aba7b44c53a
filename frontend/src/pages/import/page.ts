/** Jobs from a crontab or a YAML file: first what would change, then the change. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import { href } from "../../app/address";
import type { Page, PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { check } from "../../ui/check";
import { h, replace } from "../../ui/dom";
import { showFieldErrors } from "../../ui/field";
import { icon } from "../../ui/icons";
import { loadingState } from "../../ui/states";
import { ImportForm, type Wanted } from "./form";
import "./import.css";
import { itemsView } from "./items";

type Answer = Schemas["ImportAnswer"];

class ImportPage {
  private readonly form = new ImportForm(
    () => void this.preview(),
    () => this.outdate(),
  );
  private readonly problem = h("div.alert.alert-danger", { role: "alert", hidden: true });
  private readonly place = h("div");
  private dirty = false;
  /** Counts the states of the form: an answer is shown only while it is about the present one. */
  private turn = 0;

  constructor(private readonly context: PageContext) {
    context.title(t("import:title"));
    context.guard(() => this.dirty && !this.form.empty);
    context.root.append(
      h("div.page-head", null, h("h1", null, t("import:title"))),
      this.form.element,
      this.problem,
      this.place,
    );
    this.form.focus();
  }

  private async preview(): Promise<void> {
    const { wanted } = this.form;
    const turn = ++this.turn;
    replace(this.place, loadingState());
    const answer = await this.ask({ ...wanted, dryRun: true, partial: false });
    if (answer) this.show(wanted, answer);
    else if (turn === this.turn) replace(this.place);
  }

  private async apply(wanted: Wanted, planned: Answer, partial: boolean): Promise<void> {
    const revisions = Object.fromEntries(planned.items.map(({ name, revision }) => [name, revision]));
    this.form.element.inert = true;
    const answer = await this.ask({ ...wanted, dryRun: false, partial, revisions });
    this.form.element.inert = false;
    if (!answer) return;
    if (answer.applied) this.dirty = false;
    this.show(wanted, answer);
  }

  /** Null where it failed, and that is said above, or where the form has changed meanwhile. */
  private async ask(body: Schemas["ImportRequest"]): Promise<Answer | null> {
    const { turn } = this;
    this.problem.hidden = true;
    try {
      const answer = await call(() => api.POST("/api/v1/import", { body, signal: this.context.signal }));
      return turn === this.turn ? answer : null;
    } catch (error) {
      if (isAbort(error) || turn !== this.turn) return null;
      const words = showFieldErrors(this.form.element, error);
      replace(this.problem, words);
      this.problem.hidden = words === null;
      return null;
    }
  }

  private show(wanted: Wanted, answer: Answer): void {
    const card = h("section.card.import-result");
    const heading = h("h2", { tabindex: "-1" }, t(answer.applied ? "import:result" : "import:wouldChange"));
    card.append(
      h("div.card-head", null, heading),
      itemsView(answer),
      answer.applied ? this.done(wanted) : this.agreement(wanted, answer),
    );
    replace(this.place, card);
    heading.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start", behavior: "smooth" });
  }

  private agreement(wanted: Wanted, answer: Answer): HTMLElement {
    const count = answer.create + answer.update;
    const partial = h("input.form-check-input", { type: "checkbox", id: "import-partial" });
    const button = h(
      "button.btn.btn-primary",
      { type: "button", "data-save": true, disabled: count === 0 || answer.refused > 0 },
      icon("check"),
      " ",
      t("import:apply", { count, shown: formatNumber(count, locale()) }),
    );
    partial.addEventListener("change", () => (button.disabled = count === 0 || !partial.checked));
    button.addEventListener("click", () => {
      button.disabled = true;
      void this.apply(wanted, answer, partial.checked).finally(() => (button.disabled = false));
    });
    return h(
      "div.import-agree",
      null,
      answer.refused > 0 &&
        count > 0 &&
        check(
          partial,
          t("import:leaveOut", { count: answer.refused, shown: formatNumber(answer.refused, locale()) }),
        ),
      count === 0 ? h("span.text-body-secondary", null, t("import:nothing")) : button,
    );
  }

  private done({ group }: Wanted): HTMLElement {
    return h(
      "div.import-agree",
      null,
      h("a.btn.btn-primary", { href: href("/jobs", {}, group ? { group } : {}) }, t("import:toJobs")),
    );
  }

  /** The text has changed: what is shown below is about another one. */
  private outdate(): void {
    this.dirty = true;
    this.turn += 1;
    replace(this.place);
  }
}

const page: Page = (context) => {
  new ImportPage(context);
};

export default page;
