/** A table that is brought up to date row by row: what has not changed is not touched, so nothing flickers. */

import { t } from "../i18n";
import { h, nodes, type Child } from "./dom";
import { icon } from "./icons";

const FOCUSABLE = "a[href], button, input";

export interface Column<T> {
  /** Names the column for `hidden`, tests and styles. */
  id: string;
  header: Child;
  cell: (row: T) => Child;
  class?: string;
  /** Sort key of the API; makes the header a button. */
  sort?: string;
}

export interface TableOptions<T> {
  /** What the table shows, for screen readers. */
  caption: string;
  columns: readonly Column<T>[];
  key: (row: T) => string;
  /** What a row looks like beside its data, such as whether it is chosen; part of what is compared. */
  look?: (row: T) => { class?: string; [more: string]: unknown };
  /** The present order (`-name` is descending) and what to do when a header is clicked. */
  sort?: { by: () => string; change: (by: string) => void };
}

export class Table<T> {
  readonly element: HTMLElement;
  private readonly head = h("thead");
  private readonly body = h("tbody");
  private order: string | null = null;
  private readonly drawn = new Map<string, { row: HTMLTableRowElement; signature: string }>();

  constructor(private readonly options: TableOptions<T>) {
    this.element = h(
      "div.table-responsive",
      { tabindex: "0", role: "region", "aria-label": options.caption },
      h(
        "table.table.table-hover.align-middle.mb-0",
        null,
        h("caption.visually-hidden", null, options.caption),
        this.head,
        this.body,
      ),
    );
    this.drawHead();
  }

  update(rows: readonly T[]): void {
    this.drawHead();
    const wanted = rows.map((row) => this.rowOf(row));
    const keys = new Set(rows.map((row) => this.options.key(row)));
    for (const [key, { row }] of this.drawn)
      if (!keys.has(key)) {
        row.remove();
        this.drawn.delete(key);
      }
    const focused = document.activeElement;
    wanted.forEach((row, place) => {
      if (this.body.children[place] !== row) this.body.insertBefore(row, this.body.children[place] ?? null);
    });
    // A row that is moved loses the focus.
    if (focused instanceof HTMLElement && this.body.contains(focused)) focused.focus({ preventScroll: true });
  }

  private rowOf(row: T): HTMLTableRowElement {
    const key = this.options.key(row);
    const look = this.options.look?.(row) ?? {};
    const signature = JSON.stringify([row, look]);
    const known = this.drawn.get(key);
    if (known?.signature === signature) return known.row;
    const cells = this.options.columns.map((column) =>
      h("td", { class: `col-${column.id} ${column.class ?? ""}` }, column.cell(row)),
    );
    const made = known?.row ?? h("tr", { "data-key": key });
    made.className = look.class ?? "";
    if (!known) made.append(...cells);
    // A row with a cell that had to stay is behind; the next update tries again.
    const behind = known !== undefined && exchange(made, cells);
    this.drawn.set(key, { row: made, signature: behind ? "" : signature });
    return made;
  }

  private drawHead(): void {
    const by = this.options.sort?.by() ?? "";
    if (by === this.order) return;
    this.order = by;
    const cells = this.options.columns.map((column) => {
      const direction =
        by === column.sort ? "ascending" : by === `-${column.sort ?? ""}` ? "descending" : null;
      return h(
        "th",
        { scope: "col", class: `col-${column.id} ${column.class ?? ""}`, "aria-sort": direction },
        column.sort ? this.sorter(column, column.sort, direction) : column.header,
      );
    });
    const focused = this.head.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.sort
      : undefined;
    this.head.replaceChildren(h("tr", null, cells));
    if (focused) this.head.querySelector<HTMLElement>(`[data-sort="${focused}"]`)?.focus();
  }

  private sorter(column: Column<T>, key: string, direction: string | null): HTMLElement {
    return h(
      "button.sorter",
      {
        type: "button",
        "data-sort": key,
        title: t("sortBy"),
        on: { click: () => this.options.sort?.change(direction === "ascending" ? `-${key}` : key) },
      },
      ...nodes([column.header]),
      direction && icon("chevronDown", direction === "ascending" ? "flip" : ""),
    );
  }
}

/** Put `cells` in the place of those of `row`, and the focus where it was. Whether one had to stay as it is. */
function exchange(row: HTMLTableRowElement, cells: readonly HTMLElement[]): boolean {
  let kept = false;
  for (const [place, old] of [...row.children].entries()) {
    const cell = cells[place];
    if (!cell) continue;
    const focused = old.querySelector<HTMLElement>(":focus");
    if (old.querySelector(".dropdown-menu.show") ?? focused?.matches("input[type=text], textarea, select")) {
      kept = true;
      continue;
    }
    const index = focused && [...old.querySelectorAll(FOCUSABLE)].indexOf(focused);
    old.replaceWith(cell);
    if (!focused || index === null) continue;
    const same = `[data-action="${focused.dataset.action ?? ""}"]`;
    (
      cell.querySelector<HTMLElement>(same) ?? [...cell.querySelectorAll<HTMLElement>(FOCUSABLE)][index]
    )?.focus();
  }
  return kept;
}
