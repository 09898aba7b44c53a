/** The list of jobs: found, looked after, changed one by one or many at once. */

import $ from "jquery";
import type { Page, PageContext } from "../../app/page";
import { fieldText } from "../../app/problems";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { readView, writeView } from "../../lib/query";
import { h, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { Pager } from "../../ui/pager";
import { errorState } from "../../ui/states";
import { Table } from "../../ui/table";
import { mendJob } from "../shared/invalid-job";
import { deleteJob, enableJob, killJob, runJob } from "../shared/job-actions";
import type { BulkAction } from "./bulk";
import { BulkBar } from "./bulk-bar";
import { bulkDialog } from "./bulk-dialog";
import { jobColumns } from "./columns";
import { Filters } from "./filters";
import { noJobs, tools } from "./head";
import "./jobs.css";
import { JobList } from "./list";
import { Selection } from "./selection";
import {
  isFiltered,
  isInvalid,
  noFilter,
  PAGE_SIZES,
  selectionOf,
  SPEC,
  type JobsView,
  type Row,
} from "./view";

const RESTING_MS = 3_000; // a pointer or key that was at the rows within this time is about to act on one

class JobsPage {
  private readonly selection = new Selection();
  private readonly list: JobList;
  private readonly table: Table<Row>;
  private readonly filters: Filters;
  private readonly pager: Pager;
  private readonly tools = tools();
  private readonly bar = new BulkBar({
    act: (action) => void this.bulk(action),
    chooseAll: () => this.choose(() => this.selection.chooseAll()),
    clear: () => this.choose(() => this.selection.clear()),
  });
  private readonly chooseAll = this.pageChooser();
  /** For narrow screens, where the table has no head. */
  private readonly chooseHere = this.pageChooser();
  private readonly warnings = h("div.jobs-warnings.small", { role: "status", hidden: true });
  private readonly state = h("div");
  private readonly sizes = h(
    "select.form-select.form-select-sm",
    { "aria-label": t("jobs:perPage") },
    PAGE_SIZES.map((size) => h("option", { value: size }, t("jobs:size", { size }))),
  );
  private readonly foot: HTMLElement;
  private touched = -Infinity;

  constructor(private readonly context: PageContext) {
    const change = (patch: Partial<JobsView>) => this.change(patch);
    this.list = new JobList(context, readView(SPEC, context.query), {
      draw: (moved) => {
        if (moved) this.selection.clear();
        this.draw();
      },
      fail: (error) => {
        this.choose(() => this.selection.clear());
        this.stand(errorState(error, () => change({ cursor: this.list.view.cursor })));
      },
      occupied: () => this.occupied,
    });
    this.table = new Table<Row>({
      caption: t("jobs:title"),
      columns: jobColumns({
        chooseAll: session.may("operator") ? this.chooseAll : null,
        isChosen: (name) => this.selection.has(name),
        remove: (row) => void this.remove(row),
        mend: (job) => void mendJob(job).then(() => this.list.refresh()),
      }),
      key: (row) => row.name,
      look: (row) => ({ class: this.look(row) }),
      sort: { by: () => this.list.view.sort, change: (sort) => change({ sort: sort as JobsView["sort"] }) },
    });
    this.filters = new Filters(context, change);
    this.pager = new Pager(this.list.view.cursor, (cursor) => change({ cursor }));
    this.foot = h("div.jobs-foot", null, this.sizes, this.pager.element);
    this.sizes.addEventListener("change", () => change({ limit: this.sizes.value as JobsView["limit"] }));
    this.listen();
  }

  async start(): Promise<void> {
    const { root, title, setQuery } = this.context;
    title(t("jobs:title"));
    await this.list.start();
    setQuery(writeView(SPEC, this.list.view));
    this.draw();
    root.append(
      h("div.page-head", null, h("h1", null, t("jobs:title")), this.tools.element),
      h(
        "div.card.jobs",
        null,
        this.filters.element,
        this.warnings,
        session.may("operator") &&
          h("label.choose-page", null, this.chooseHere, h("span", null, t("jobs:choosePage"))),
        this.table.element,
        this.state,
        this.foot,
        this.bar.element,
      ),
    );
  }

  /** Show another view. What is chosen was found by the one that is left. */
  private change(patch: Partial<JobsView>): void {
    this.choose(() => this.selection.clear());
    void this.list.change(patch);
  }

  private get names(): string[] {
    return this.list.page.items.map(({ name }) => name);
  }

  private get occupied(): boolean {
    const recently = performance.now() - this.touched < RESTING_MS;
    return recently || this.table.element.querySelector(".dropdown-menu.show") !== null;
  }

  private look(row: Row): string {
    const chosen = this.selection.has(row.name) ? "chosen" : "";
    return `${chosen} ${isInvalid(row) || row.state !== "enabled" ? "resting" : ""}`;
  }

  private draw(): void {
    const { view, page } = this.list;
    const { items, total, next } = page;
    this.filters.show(view);
    this.tools.show(view, total);
    replace(
      this.warnings,
      page.warnings.map((words) => h("div", null, icon("alertTriangle"), " ", fieldText(words))),
    );
    this.warnings.hidden = !page.warnings.length;
    this.table.update(items);
    this.sizes.value = view.limit;
    if (view.cursor === null) this.pager.reset();
    const [shown, all] = [items.length, total].map((count) => formatNumber(count, locale()));
    this.pager.update(next, t("jobs:shown", { count: total, shown, total: all }));
    this.drawSelection();
    if (items.length) this.stand(null);
    else this.stand(noJobs(isFiltered(view) ? () => this.change(noFilter()) : null));
  }

  private drawSelection(): void {
    const { items, total } = this.list.page;
    const chosen = items.filter(({ name }) => this.selection.has(name)).length;
    const whole = chosen > 0 && chosen === items.length;
    for (const box of [this.chooseAll, this.chooseHere]) {
      box.checked = whole;
      box.indeterminate = chosen > 0 && !whole;
    }
    this.bar.show({
      count: this.selection.count(total),
      total,
      all: this.selection.all,
      offerAll: !this.selection.all && whole && total > items.length,
    });
  }

  private pageChooser(): HTMLInputElement {
    const box = h("input.form-check-input", { type: "checkbox", "aria-label": t("jobs:choosePage") });
    box.addEventListener("change", () => this.choose(() => this.selection.page(this.names, box.checked)));
    return box;
  }

  /** Show `content` in place of the rows; null: show the rows. */
  private stand(content: HTMLElement | null): void {
    replace(this.state, content);
    this.table.element.hidden = this.foot.hidden = content !== null;
  }

  private choose(change: () => void): void {
    change();
    this.table.update(this.list.page.items);
    this.drawSelection();
  }

  private async remove(row: Row): Promise<void> {
    if (await deleteJob(row.name, row.revision)) {
      this.list.drop(row.name);
      this.choose(() => this.selection.forget(row.name));
    }
    this.list.refresh();
  }

  private async bulk(action: BulkAction): Promise<void> {
    const { all, chosen } = this.selection;
    const target = all ? { filter: selectionOf(this.list.shown) } : { names: chosen };
    if (!(await bulkDialog(action, target, this.selection.count(this.list.page.total)))) return;
    this.choose(() => this.selection.clear());
    this.list.refresh();
  }

  private listen(): void {
    $(this.table.element)
      .on("click", "[data-action=choose]", (event) => {
        const box = event.currentTarget as HTMLInputElement;
        this.choose(() => this.selection.click(nameOf(box), box.checked, this.names, event.shiftKey));
      })
      .on(
        "change",
        "[data-action=toggle]",
        (event) => void this.toggle(event.currentTarget as HTMLInputElement),
      )
      .on("click", "[data-action=run]", (event) => void runJob(nameOf(event.currentTarget as HTMLElement)))
      .on("click", "[data-action=kill]", (event) => void killJob(nameOf(event.currentTarget as HTMLElement)))
      .on("pointermove keydown", "tbody", () => (this.touched = performance.now()))
      .on("pointerleave", "tbody", () => (this.touched = -Infinity));
  }

  private async toggle(box: HTMLInputElement): Promise<void> {
    const wanted = box.checked;
    box.disabled = true;
    if (!(await enableJob(nameOf(box), wanted))) box.checked = !wanted;
    box.disabled = false;
    // A switch that is disabled loses the focus.
    if (document.activeElement === document.body) box.focus({ preventScroll: true });
    this.list.refresh();
  }
}

function nameOf(element: HTMLElement): string {
  return element.closest("tr")?.dataset.key ?? "";
}

const page: Page = (context) => new JobsPage(context).start();

export default page;
