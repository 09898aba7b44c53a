/** One job being edited: what has changed, and how it is saved without losing anybody's work. */

import { ApiError } from "../../api/problem";
import { href } from "../../app/address";
import type { PageContext } from "../../app/page";
import { problemText } from "../../app/problems";
import { router } from "../../app/router";
import { t } from "../../i18n";
import { fieldChanges } from "../../lib/diff";
import type { JobJson } from "../../lib/job";
import { confirm } from "../../ui/dialog";
import { h, replace } from "../../ui/dom";
import { failed, said } from "../../ui/toast";
import { changesView } from "../shared/changes";
import { runJob } from "../shared/job-actions";
import { SaveBar } from "./bar";
import { askMerge, takenWords } from "./conflict";
import type { JobForm } from "./form";
import { editJson } from "./json";
import { disagreements, takeFields, wholeJob } from "./model";
import { OthersNotice } from "./others";
import { isInvalid, lastAuthor, readJob, writeJob } from "./saving";
import type { Sections } from "./sections";

/** What the work began from: the job as it stood (null: none, or no valid one), and its ETag (null: a new job). */
export interface Origin {
  base: JobJson | null;
  etag: string | null;
}

export class Editor {
  readonly element: HTMLElement;
  private readonly problem = h("div.alert.alert-danger", { role: "alert", tabindex: "-1", hidden: true });
  private readonly others: OthersNotice;
  private readonly bar: SaveBar;
  /** What was in the form when nothing had been done yet. */
  private untouched: JobJson;
  private saving = false;
  private writing = false;
  private leaving = false;

  constructor(
    private readonly context: PageContext,
    private readonly form: JobForm,
    private readonly parts: Sections,
    private origin: Origin,
    start: JobJson,
    draft: JobJson | null,
  ) {
    this.bar = new SaveBar({
      exists: origin.etag !== null,
      save: (run) => void this.save(run),
      review: () => form.settle() && void this.review(),
      undo: () => void this.undo(),
    });
    this.others = new OthersNotice(context, {
      name: () => this.name,
      etag: () => this.origin.etag,
      mine: () => this.writing || this.leaving,
      merge: () => void this.merge().catch(failed),
    });
    this.element = h("div.editor", null, this.others.element, this.problem, form.element, this.bar.element);
    form.write(start);
    this.untouched = form.read();
    if (draft) form.write(draft);
    form.element.addEventListener("input", (event) => {
      if (event.target instanceof Element) form.forgive(event.target);
      this.changed();
    });
    form.element.addEventListener("change", () => this.changed());
    context.guard(() => this.dirty);
    if (origin.etag !== null) this.others.watch();
    this.changed();
  }

  /** What is in the form now. */
  get draft(): JobJson {
    return this.form.read();
  }

  get started(): Origin {
    return this.origin;
  }

  get dirty(): boolean {
    return !this.leaving && fieldChanges(this.untouched, this.form.read()).length > 0;
  }

  async json(): Promise<void> {
    if (!this.form.settle()) return;
    const { name } = this.parts;
    if (await editJson(this.form, name.readOnly ? this.name : null)) this.changed();
  }

  private get name(): string {
    return this.form.read().name as string;
  }

  private changed(): void {
    const job = this.form.read();
    this.form.recount(job);
    this.parts.schedule.update(job);
    const { base } = this.origin;
    this.bar.update(fieldChanges(base ?? wholeJob(null), job).length, base !== null);
  }

  private async undo(): Promise<void> {
    if (!(await confirm({ title: t("editor:undoTitle"), action: t("editor:undo"), danger: true }))) return;
    this.form.clearErrors();
    this.say(null);
    this.form.write(this.untouched);
    this.changed();
  }

  /** What would be saved; answers whether the reader wants that. `act` as of a dialog. */
  private review(act?: () => Promise<boolean>, run = false): Promise<boolean> {
    return confirm({
      title: t("editor:reviewTitle", { name: this.name }),
      size: "lg",
      action: act ? t(run ? "editor:saveAndRun" : "save") : t("close"),
      body: changesView(this.origin.base, this.form.read()),
      ...(act ? { act } : { cancel: false }),
    });
  }

  private async save(run: boolean): Promise<void> {
    const open = document.querySelector<HTMLFormElement>(".modal.show form");
    if (open) {
      // Ctrl-S once more, over the changes to be saved.
      if (this.saving) open.requestSubmit();
      return;
    }
    if (this.saving) return;
    this.say(null);
    if (!this.form.settle()) return;
    this.saving = true;
    try {
      await this.trySave(run);
    } finally {
      this.saving = false;
    }
  }

  private async trySave(run: boolean): Promise<void> {
    let refused: unknown = null;
    const write = async (): Promise<boolean> => {
      this.busy(true);
      try {
        await writeJob(this.form.read(), this.origin.etag);
      } catch (error) {
        // What is to be mended in the form is said there; anything else may be tried again from the dialog.
        if (!(error instanceof ApiError) || error.temporary) throw error;
        refused = error;
      } finally {
        this.busy(false);
      }
      this.leaving = refused === null;
      return true;
    };
    try {
      if (this.origin.base === null) await write();
      else if (!(await this.review(write, run))) return;
    } catch (error) {
      refused = error;
    }
    this.saving = false;
    if (refused === null) await this.saved(run);
    else await this.refused(refused);
  }

  private busy(writing: boolean): void {
    this.writing = writing;
    this.bar.busy(writing);
  }

  private async saved(run: boolean): Promise<void> {
    const { name } = this;
    const id = run ? await runJob(name) : null;
    if (!run) said(t("editor:saved", { name }));
    router.go(id ? href("/runs/:id", { id }) : href("/jobs/:name", { name }));
  }

  private async refused(error: unknown): Promise<void> {
    const status = error instanceof ApiError ? error.status : 0;
    const taken = status === 409 && this.origin.etag === null;
    // Somebody may have made anew what was deleted while it was edited here.
    if (status === 412 || (taken && this.parts.name.readOnly)) await this.merge();
    else if (taken) this.taken();
    else this.say(this.form.refuse(error));
  }

  /** There is a job of this name already. */
  private taken(): void {
    const { name } = this;
    this.form.say("name", t("editor:taken"));
    this.parts.name.focus();
    replace(this.problem, takenWords(name));
    this.problem.hidden = false;
  }

  /** Bring what stands on the server together with what is here; nothing is saved by that. */
  private async merge(): Promise<void> {
    const { name } = this;
    const { signal } = this.context;
    let stored;
    try {
      stored = await readJob(name, signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.notFound)) {
        this.say(problemText(error));
        return;
      }
      await this.offerNew(t("editor:goneTitle", { name }), t("editor:gone"), null);
      return;
    }
    const { job, etag } = stored;
    if (isInvalid(job) || this.origin.base === null) {
      await this.offerNew(t("editor:brokenTitle", { name }), t("editor:broken"), etag);
      return;
    }
    const theirs = wholeJob(job);
    const mine = this.form.read();
    const fields = disagreements(this.origin.base, mine, theirs);
    const taken = await askMerge(fields, await lastAuthor(name, signal));
    if (!taken) return;
    this.startAgain({ base: theirs, etag }, takeFields(mine, theirs, taken));
    said(t("editor:merged"));
  }

  /** There is nothing to merge with: go on with what is here, as a new job or in place of what stands there. */
  private async offerNew(title: string, text: string, etag: string | null): Promise<void> {
    const action = t("editor:keepMine");
    if (!(await confirm({ title, body: h("p.mb-0", null, text), action }))) return;
    this.startAgain({ base: null, etag }, this.form.read());
  }

  private startAgain(origin: Origin, job: JobJson): void {
    this.origin = origin;
    this.untouched = origin.base ?? { ...wholeJob(null), name: this.name };
    this.form.write(job);
    this.others.hide();
    this.say(null);
    this.changed();
  }

  private say(text: string | null): void {
    replace(this.problem, text);
    this.problem.hidden = text === null;
    if (text !== null) this.problem.scrollIntoView({ block: "center" });
  }
}
