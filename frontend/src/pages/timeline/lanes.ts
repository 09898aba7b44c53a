/**
 * What each worker ran, as stacked bars: one picture, one tab stop. A drag, or the arrow keys with Shift, choose a
 * span of time.
 */

import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, newId, replace, svg } from "../../ui/dom";
import { RUN_STATUSES } from "../../ui/status";
import { span } from "./clock";
import type { Lane, Window } from "./work";

export interface LanesData {
  lanes: readonly Lane[];
  window: Window;
  bucketMs: number;
  ticks: readonly { at: number; label: string }[];
}

interface Cell {
  row: number;
  column: number;
}

export class Lanes {
  readonly element: HTMLElement;
  private readonly labels = h("div.heat-labels");
  private readonly totals = h("div.heat-totals.num", { "aria-hidden": "true" });
  private readonly ticks = h("div.heat-ticks", { "aria-hidden": "true" });
  private readonly picture = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  private readonly chosen = svg("rect.lane-chosen", { y: 0, visibility: "hidden" });
  private readonly mark = svg("rect.heat-mark", { width: 1, height: 1, visibility: "hidden" });
  private readonly tip = h("div.heat-tip", { hidden: true, "aria-hidden": "true" });
  private readonly spoken = h("div.visually-hidden", { "aria-live": "polite" });
  private readonly field: HTMLElement;
  private data: LanesData = { lanes: [], window: { from: 0, until: 1 }, bucketMs: 1, ticks: [] };
  private at: Cell | null = null;
  /** The column where a choice began, while it goes on. */
  private anchor: number | null = null;
  private shown: Window | null = null;

  /** `choose` gets the span chosen. */
  constructor(private readonly choose: (span: Window) => void) {
    const helpId = newId("lanes");
    this.field = h(
      "div.heat-field.lane-field",
      {
        tabindex: "0",
        role: "application",
        "aria-label": t("timeline:work.label"),
        "aria-describedby": helpId,
        on: {
          pointerdown: (event) => this.pressed(event as PointerEvent),
          pointermove: (event) => this.moved(event as PointerEvent),
          pointerup: () => this.released(),
          pointercancel: () => (this.anchor = null),
          pointerleave: () => this.anchor === null && this.goTo(null),
          keydown: (event) => this.key(event as KeyboardEvent),
          blur: () => this.goTo(null),
        },
      },
      this.picture,
      this.tip,
    );
    const help = h("span.visually-hidden", { id: helpId }, t("timeline:work.help"));
    this.element = h(
      "div.heat.lanes",
      null,
      this.labels,
      this.field,
      this.totals,
      this.ticks,
      this.spoken,
      help,
    );
  }

  update(data: LanesData): void {
    this.data = data;
    replace(
      this.labels,
      data.lanes.map(({ worker }) =>
        h("div.heat-label", { title: worker }, worker || t("timeline:work.noWorker")),
      ),
    );
    replace(
      this.totals,
      data.lanes.map(({ total, bad }) =>
        h(
          "div",
          null,
          formatNumber(total, locale()),
          bad > 0 &&
            h(
              "span.lane-bad",
              null,
              t("timeline:work.bad", { count: bad, number: formatNumber(bad, locale()) }),
            ),
        ),
      ),
    );
    const width = data.window.until - data.window.from;
    replace(
      this.ticks,
      data.ticks.map(({ at, label }) =>
        h("span", { css: { left: `${(100 * (at - data.window.from)) / width}%` } }, label),
      ),
    );
    this.picture.setAttribute("viewBox", `0 0 ${this.columns} ${Math.max(1, data.lanes.length)}`);
    this.field.style.setProperty("--rows", String(data.lanes.length));
    this.picture.replaceChildren(this.chosen, ...this.paths(), this.mark);
    this.show(this.shown);
    if (this.at) this.goTo(this.at, { aloud: false });
  }

  /** Mark `span` as chosen; null takes the mark away. */
  show(span: Window | null): void {
    this.shown = span;
    this.chosen.setAttribute("visibility", span ? "visible" : "hidden");
    if (!span) return;
    const { window, bucketMs, lanes } = this.data;
    this.chosen.setAttribute("x", String((span.from - window.from) / bucketMs));
    this.chosen.setAttribute("width", String((span.until - span.from) / bucketMs));
    this.chosen.setAttribute("height", String(Math.max(1, lanes.length)));
  }

  private get columns(): number {
    const { window, bucketMs } = this.data;
    return Math.max(1, Math.round((window.until - window.from) / bucketMs));
  }

  /** All lanes have one scale, so that they can be compared. */
  private paths(): SVGPathElement[] {
    const { lanes } = this.data;
    const sums = lanes.flatMap(({ buckets }) => buckets.map((bucket) => total(bucket)));
    const scale = 0.88 / Math.max(1, ...sums);
    const drawn = new Map<string, string[]>();
    for (const [row, { buckets }] of lanes.entries())
      for (const [column, bucket] of buckets.entries()) {
        let y = row + 1 - 0.02;
        for (const status of RUN_STATUSES) {
          const height = (bucket[status] ?? 0) * scale;
          if (!height) continue;
          y -= height;
          const path = drawn.get(status) ?? [];
          path.push(`M${column + 0.1} ${y.toFixed(4)}h.8v${height.toFixed(4)}h-.8z`);
          drawn.set(status, path);
        }
      }
    return [...drawn].map(([status, parts]) => svg("path.bar", { "data-status": status, d: parts.join("") }));
  }

  private pressed(event: PointerEvent): void {
    const cell = this.cellAt(event);
    if (!cell || event.button !== 0) return;
    this.field.setPointerCapture(event.pointerId);
    this.anchor = cell.column;
    this.show(this.spanTo(cell.column));
  }

  private moved(event: PointerEvent): void {
    const cell = this.cellAt(event);
    if (cell) this.goTo(cell, { aloud: false });
    if (cell && this.anchor !== null) this.show(this.spanTo(cell.column));
  }

  private released(): void {
    if (this.anchor === null || !this.shown) return;
    this.anchor = null;
    this.choose(this.shown);
  }

  /** From where the choice began to `column`, both included. */
  private spanTo(column: number): Window {
    const { window, bucketMs } = this.data;
    const from = Math.min(this.anchor ?? column, column);
    const last = Math.max(this.anchor ?? column, column);
    return { from: window.from + from * bucketMs, until: window.from + (last + 1) * bucketMs };
  }

  private key(event: KeyboardEvent): void {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (move) {
      event.preventDefault();
      const from = this.at ?? { row: 0, column: this.columns - 1 };
      if (event.shiftKey) this.anchor ??= from.column;
      else this.anchor = null;
      const [down = 0, right = 0] = this.at ? move : [0, 0];
      const to = {
        row: clamp(from.row + down, this.data.lanes.length),
        column: clamp(from.column + right, this.columns),
      };
      this.goTo(to);
      if (this.anchor !== null) this.show(this.spanTo(to.column));
    } else if ((event.key === "Enter" || event.key === " ") && this.at) {
      event.preventDefault();
      const chosen = this.spanTo(this.at.column);
      this.anchor = null;
      this.choose(chosen);
    }
  }

  private cellAt(event: PointerEvent): Cell | null {
    const box = this.picture.getBoundingClientRect();
    if (!this.data.lanes.length) return null;
    return {
      row: clamp(
        Math.floor(((event.clientY - box.top) / box.height) * this.data.lanes.length),
        this.data.lanes.length,
      ),
      column: clamp(Math.floor(((event.clientX - box.left) / box.width) * this.columns), this.columns),
    };
  }

  private goTo(cell: Cell | null, { aloud = true } = {}): void {
    this.at = cell;
    const lane = cell && this.data.lanes[cell.row];
    this.mark.setAttribute("visibility", lane ? "visible" : "hidden");
    this.tip.hidden = !lane;
    if (!cell || !lane) return;
    this.mark.setAttribute("x", String(cell.column));
    this.mark.setAttribute("y", String(cell.row));
    const words = this.words(lane, cell.column);
    replace(this.tip, words);
    if (aloud) replace(this.spoken, words);
    const place = (cell.column + 0.5) / this.columns;
    this.tip.style.setProperty("left", `${100 * place}%`);
    this.tip.style.setProperty("top", `${(100 * cell.row) / this.data.lanes.length}%`);
    this.tip.style.setProperty("--shift", `${-100 * place}%`);
  }

  private words({ worker, buckets }: Lane, column: number): string {
    const { window, bucketMs } = this.data;
    const from = window.from + column * bucketMs;
    const bucket = buckets[column] ?? {};
    const counts = RUN_STATUSES.filter((status) => bucket[status]).map(
      (status) => `${t(`status.${status}`)} ${formatNumber(bucket[status] ?? 0, locale())}`,
    );
    const what = counts.length ? counts.join(", ") : t("timeline:work.nothing");
    return [worker || t("timeline:work.noWorker"), span(from, from + bucketMs), what].join(" · ");
  }
}

function total(bucket: Lane["buckets"][number]): number {
  return Object.values(bucket).reduce((sum, count) => sum + count, 0);
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length - 1);
}
