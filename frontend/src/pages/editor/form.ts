/** The fields of a job and their controls: a whole job goes in and comes out. */

import { ApiError } from "../../api/problem";
import { t } from "../../i18n";
import { fieldChanges } from "../../lib/diff";
import type { JobJson } from "../../lib/job";
import { h, replace, type Child } from "../../ui/dom";
import { clearFieldErrors, field, setFieldError, showFieldErrors } from "../../ui/field";
import { fieldLabel } from "../shared/fields";
import type { Control } from "./controls";
import { valueAt, wholeJob, withValue } from "./model";

export class JobForm {
  readonly element = h("form.job-form", { novalidate: true, autocomplete: "off" });
  private readonly controls = new Map<string, Control>();
  private readonly counts: ((set: readonly string[]) => void)[] = [];

  /** `notYet`: fields and choices (`overlap.queue`) that the server refuses for now; they are shown, and disabled. */
  constructor(private readonly notYet: ReadonlySet<string>) {
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Whether the field or choice `path` may be used. */
  supports(path: string): boolean {
    return !this.notYet.has(path) && !this.notYet.has(path.split(".")[0] ?? "");
  }

  /** The field `path` with its label; its value is that of `control` from now on. */
  field(path: string, control: Control, help?: Child): HTMLElement {
    this.controls.set(path, control);
    const supported = this.supports(path);
    if (!supported) disable(control.element);
    return field({
      name: path,
      label: supported
        ? fieldLabel(path)
        : [fieldLabel(path), " ", h("span.not-yet", null, t("editor:notYet"))],
      control: control.element,
      ...(help === undefined ? {} : { help }),
    });
  }

  /** A group of fields. Unless it is `open` for good, its head tells how many of them differ from the defaults. */
  section(id: string, title: string, { open = false }, ...body: Child[]): HTMLElement {
    const content = h("div.card-body", null, ...body);
    if (open) return h("section.card", { id }, h("div.card-head", null, h("h2", null, title)), content);
    const count = h("span.section-count");
    const element = h(
      "details.card.job-section",
      { id },
      h("summary.card-head", null, h("h2", null, title), count),
      content,
    );
    this.counts.push((set) => {
      const here = set.filter((path) => content.contains(this.controls.get(path)?.element ?? null)).length;
      replace(count, here ? t("editor:differ", { count: here }) : t("editor:allDefault"));
      count.toggleAttribute("data-set", here > 0);
    });
    return element;
  }

  /** What the heads of the groups tell, when the form has become `job`. */
  recount(job: JobJson): void {
    const set = fieldChanges(null, job).map(({ field: path }) => path);
    for (const count of this.counts) count(set);
  }

  /** Take what is typed and not entered yet; true if all of it is something that can be told to the server. */
  settle(): boolean {
    let first: string | null = null;
    for (const [path, control] of this.controls) {
      control.settle?.();
      const problem = control.problem?.() ?? null;
      if (control.problem) this.say(path, problem);
      if (problem !== null) first ??= path;
    }
    if (first === null) return true;
    this.reveal(first);
    this.controls.get(first)?.element.querySelector("input")?.focus();
    return false;
  }

  read(): JobJson {
    let job = wholeJob(null);
    for (const [path, control] of this.controls) job = withValue(job, path, control.get());
    return job;
  }

  write(job: JobJson): void {
    const whole = wholeJob(job);
    for (const [path, control] of this.controls) control.set(valueAt(whole, path));
  }

  /** What the server said at its fields, with their groups opened; what belongs to none comes back in words. */
  refuse(error: unknown): string | null {
    if (error instanceof ApiError) for (const each of error.fields) this.reveal(each.field);
    return showFieldErrors(this.element, error);
  }

  /** Say `message` at a field, or take away what is said there. */
  say(path: string, message: string | null): void {
    setFieldError(this.element, path, message);
  }

  /** What was refused of a field no longer counts once somebody works on it. */
  forgive(control: Element): void {
    const path = control.closest<HTMLElement>(".has-error")?.dataset.field;
    if (path !== undefined) this.say(path, null);
  }

  clearErrors(): void {
    clearFieldErrors(this.element);
  }

  /** Open the group of a field. */
  reveal(path: string): void {
    const control = this.controls.get(path) ?? this.controls.get(path.split(".")[0] ?? "");
    const group = control?.element.closest("details");
    for (let each = group; each; each = each.parentElement?.closest("details")) each.open = true;
  }
}

function disable(element: HTMLElement): void {
  const inside = element.querySelectorAll("input, select, textarea, button");
  for (const each of [element, ...inside]) if ("disabled" in each) each.disabled = true;
  element.classList.add("is-disabled");
}
