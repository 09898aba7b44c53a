/**
 * A heat map as one picture: a few SVG paths, one tab stop. The pointer, or the arrow keys, move to a cell, whose
 * words are shown beside it and read out.
 */

import { h, newId, replace, svg, type Child } from "../../ui/dom";
import { colourOf, shadeOf } from "./scale";

export interface HeatRow {
  label: Child;
  /** The whole label, where it may be cut. */
  title?: string;
  /** Null: outside of the window. */
  cells: readonly (number | null)[];
  /** At the end of the row. */
  total: Child;
  chosen?: boolean;
}

export interface HeatMapOptions {
  /** What the picture shows, and which keys move in it. */
  label: string;
  help: string;
  /** What a cell says: when, and how many. */
  words: (row: number, column: number, count: number) => string;
  /** A click or Enter on a cell or, with column -1, on the label of a row. */
  choose?: (row: number, column: number) => void;
}

export interface HeatMapData {
  rows: readonly HeatRow[];
  /** Labels of the columns at which they stand. */
  ticks: readonly { column: number; label: string }[];
}

const GAP = 0.06; // of a cell

export class HeatMap {
  readonly element: HTMLElement;
  private readonly labels = h("div.heat-labels");
  private readonly totals = h("div.heat-totals.num", { "aria-hidden": "true" });
  private readonly ticks = h("div.heat-ticks", { "aria-hidden": "true" });
  private readonly picture = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  private readonly mark = svg("rect.heat-mark", { width: 1, height: 1, visibility: "hidden" });
  private readonly tip = h("div.heat-tip", { hidden: true, "aria-hidden": "true" });
  private readonly spoken = h("div.visually-hidden", { "aria-live": "polite" });
  private readonly field: HTMLElement;
  private data: HeatMapData = { rows: [], ticks: [] };
  private columns = 1;
  private at: { row: number; column: number } | null = null;

  constructor(private readonly options: HeatMapOptions) {
    const helpId = newId("heat");
    this.field = h(
      "div.heat-field",
      {
        tabindex: "0",
        role: "application",
        "aria-label": options.label,
        "aria-describedby": helpId,
        on: {
          pointermove: (event) => this.pointed(event as PointerEvent),
          pointerleave: () => this.goTo(null),
          click: (event) => this.clicked(event as MouseEvent),
          keydown: (event) => this.key(event as KeyboardEvent),
          blur: () => this.goTo(null),
        },
      },
      this.picture,
      this.tip,
    );
    const help = h("span.visually-hidden", { id: helpId }, options.help);
    this.element = h("div.heat", null, this.labels, this.field, this.totals, this.ticks, this.spoken, help);
  }

  /** `steps` are the thresholds of the shades. */
  update(data: HeatMapData, steps: readonly number[]): void {
    this.data = data;
    this.columns = Math.max(1, ...data.rows.map(({ cells }) => cells.length));
    const { choose } = this.options;
    replace(
      this.labels,
      data.rows.map(({ label, title, chosen }, row) =>
        choose && title !== undefined
          ? h(
              "button.heat-label",
              {
                type: "button",
                tabindex: "-1",
                title,
                "aria-pressed": chosen ? "true" : "false",
                on: { click: () => choose(row, -1) },
              },
              label,
            )
          : h("div.heat-label", { title }, label),
      ),
    );
    replace(
      this.totals,
      data.rows.map(({ total }) => h("div", null, total)),
    );
    replace(
      this.ticks,
      data.ticks.map(({ column, label }) =>
        h("span", { css: { left: `${(100 * column) / this.columns}%` } }, label),
      ),
    );
    this.picture.setAttribute("viewBox", `0 0 ${this.columns} ${Math.max(1, data.rows.length)}`);
    this.field.style.setProperty("--rows", `${data.rows.length}`);
    this.picture.replaceChildren(...this.paths(steps), this.mark);
    if (this.at) this.goTo(this.at);
  }

  private paths(steps: readonly number[]): SVGPathElement[] {
    const drawn = new Map<number, string[]>();
    for (const [row, { cells }] of this.data.rows.entries())
      for (const [column, count] of cells.entries()) {
        if (count === null) continue;
        const shade = colourOf(shadeOf(count, steps), steps);
        const path = drawn.get(shade) ?? [];
        const size = 1 - 2 * GAP;
        path.push(`M${column + GAP} ${row + GAP}h${size}v${size}h${-size}z`);
        drawn.set(shade, path);
      }
    return [...drawn].map(([shade, parts]) => svg("path", { class: `shade-${shade}`, d: parts.join("") }));
  }

  private pointed(event: PointerEvent): void {
    this.goTo(this.cellAt(event), { aloud: false });
  }

  private clicked(event: MouseEvent): void {
    const cell = this.cellAt(event);
    if (cell && this.count(cell) !== null) this.options.choose?.(cell.row, cell.column);
  }

  private cellAt(event: MouseEvent): { row: number; column: number } | null {
    const box = this.picture.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.data.rows.length);
    return this.data.rows[row]?.cells[column] === undefined ? null : { row, column };
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      Home: [0, -Infinity],
      End: [0, Infinity],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      const from = this.at ?? this.first();
      const to = this.at
        ? {
            row: clamp(from.row + move[0], this.data.rows.length),
            column: clamp(from.column + move[1], this.columns),
          }
        : from;
      this.goTo(to);
    } else if ((event.key === "Enter" || event.key === " ") && this.at) {
      event.preventDefault();
      if (this.count(this.at) !== null) this.options.choose?.(this.at.row, this.at.column);
    }
  }

  private first(): { row: number; column: number } {
    return { row: 0, column: Math.max(0, this.data.rows[0]?.cells.findIndex((cell) => cell !== null) ?? 0) };
  }

  private count({ row, column }: { row: number; column: number }): number | null {
    return this.data.rows[row]?.cells[column] ?? null;
  }

  private goTo(cell: { row: number; column: number } | null, { aloud = true } = {}): void {
    const count = cell && this.count(cell);
    this.at = cell;
    this.mark.setAttribute("visibility", cell ? "visible" : "hidden");
    this.tip.hidden = !cell || count === null;
    if (!cell) return;
    this.mark.setAttribute("x", `${cell.column}`);
    this.mark.setAttribute("y", `${cell.row}`);
    const words = count === null ? "" : this.options.words(cell.row, cell.column, count);
    replace(this.tip, words);
    if (aloud) replace(this.spoken, words);
    const place = (cell.column + 0.5) / this.columns;
    this.tip.style.setProperty("left", `${100 * place}%`);
    this.tip.style.setProperty("top", `${(100 * cell.row) / this.data.rows.length}%`);
    this.tip.style.setProperty("--shift", `${-100 * place}%`);
  }
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length - 1);
}
