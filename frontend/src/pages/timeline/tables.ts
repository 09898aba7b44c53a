/** The figures of a picture as a table, for whoever would rather read them; opened on demand. */

import { t } from "../../i18n";
import { h, replace, type Child } from "../../ui/dom";

export class FigureTable {
  readonly element: HTMLDetailsElement;
  private readonly body = h("tbody");
  private rows: () => readonly Child[][] = () => [];

  /** The first column names the row. */
  constructor(caption: string, heads: readonly string[]) {
    this.element = h(
      "details.as-table",
      { on: { toggle: () => this.draw() } },
      h("summary", null, t("timeline:asTable")),
      h(
        "div.table-responsive",
        { tabindex: "0", role: "region", "aria-label": `${caption} · ${t("timeline:asTable")}` },
        h(
          "table.table.table-sm.mb-0",
          null,
          h("caption.visually-hidden", null, caption),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              heads.map((head, place) => h("th", { scope: "col", class: place ? "text-end" : "" }, head)),
            ),
          ),
          this.body,
        ),
      ),
    );
  }

  /** `rows` is asked only while the table is open. */
  update(rows: () => readonly Child[][]): void {
    this.rows = rows;
    this.draw();
  }

  private draw(): void {
    if (!this.element.open) return;
    replace(
      this.body,
      this.rows().map(([first, ...rest]) =>
        h(
          "tr",
          null,
          h("th.fw-normal", { scope: "row" }, first),
          rest.map((cell) => h("td.text-end.num", null, cell)),
        ),
      ),
    );
  }
}
