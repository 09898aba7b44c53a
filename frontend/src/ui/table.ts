/** A table that is brought up to date row by row: what has not changed is not touched, so nothing flickers. */

import { t } from "../i18n";
import { h, nodes, type Child } from "./dom";
import { icon } from "./icons";

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
    wanted.forEach((row, place) => {
      if (this.body.children[place] !== row) this.body.insertBefore(row, this.body.children[place] ?? null);
    });
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
    // A cell that holds the focus stays, or typing and keys would be lost.
    if (known && made.contains(document.activeElement)) {
      cells.forEach((cell, place) => {
        const old = made.children[place];
        if (old && !old.contains(document.activeElement)) old.replaceWith(cell);
      });
    } else made.replaceChildren(...cells);
    made.className = look.class ?? "";
    this.drawn.set(key, { row: made, signature });
    return made;
  }

  private drawHead(): void {
    const by = this.options.sort?.by() ?? "";
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
