/** A chunk on the page: an empty box of about the right height until somebody comes near it. */

import { locale, t } from "../../../i18n";
import { formatNumber } from "../../../lib/number";
import { h, replace } from "../../../ui/dom";
import { icon } from "../../../ui/icons";
import { lineElement, SHOWN } from "./line";
import type { Chunk, CutChunk, TextChunk } from "./lines";

const MORE = 200_000; // characters that a press of the button adds

export interface ChunkView {
  readonly chunk: Chunk;
  readonly element: HTMLElement;
}

export class TextChunkView implements ChunkView {
  readonly element: HTMLElement;
  /** Lines that are drawn; 0 for an empty box. */
  drawn = 0;
  private readonly shown = new Map<number, number>();

  constructor(readonly chunk: TextChunk) {
    this.element = h("div.out-chunk", { on: { click: (event) => this.clicked(event) } });
    this.resize();
  }

  /** Draw the lines that are not drawn yet. Answers how many. */
  fill(): number {
    const { first, afterCut, lines } = this.chunk;
    const made: HTMLElement[] = [];
    for (let place = this.drawn; place < lines.length; place += 1)
      made.push(
        lineElement(lines[place] ?? [], label(first + place, afterCut), this.shown.get(place) ?? SHOWN),
      );
    this.element.append(...made);
    this.drawn = lines.length;
    this.resize();
    return made.length;
  }

  /** Give back what is drawn; the box keeps its height. Answers how many lines it was. */
  empty(): number {
    const { drawn } = this;
    this.element.style.setProperty("--height", `${this.element.getBoundingClientRect().height}px`);
    replace(this.element);
    this.drawn = 0;
    return drawn;
  }

  /** The number of lines has changed, or how they are wrapped. */
  resize({ anew = false } = {}): void {
    if (anew || this.drawn) this.element.style.removeProperty("--height");
    this.element.style.setProperty("--lines", String(this.chunk.lines.length));
  }

  /** The element of a line with its first `columns` drawn. */
  reveal(place: number, columns: number): HTMLElement | null {
    this.fill();
    if (columns > (this.shown.get(place) ?? SHOWN)) this.show(place, columns + SHOWN);
    return this.line(place);
  }

  line(place: number): HTMLElement | null {
    return (this.element.children[place] as HTMLElement | undefined) ?? null;
  }

  private clicked(event: Event): void {
    const more = (event.target as Element).closest('[data-action="more"]');
    const line = more?.parentElement;
    if (!line) return;
    const place = [...this.element.children].indexOf(line);
    this.show(place, (this.shown.get(place) ?? SHOWN) + MORE);
  }

  private show(place: number, columns: number): void {
    this.shown.set(place, columns);
    const { first, afterCut, lines } = this.chunk;
    this.line(place)?.replaceWith(lineElement(lines[place] ?? [], label(first + place, afterCut), columns));
    this.element.dispatchEvent(new CustomEvent("out:drawn", { bubbles: true }));
  }
}

/** After a cut nobody knows how many lines there were: they are counted from there. */
export function label(number: number, afterCut: boolean): string {
  return afterCut ? `+${number}` : String(number);
}

export function cutView(chunk: CutChunk): ChunkView {
  return {
    chunk,
    element: h(
      "div.out-cut",
      { "data-cut": chunk.bytes ?? "" },
      icon("alertTriangle"),
      " ",
      chunk.bytes === null
        ? t("run:output.cutSome")
        : t("run:output.cut", { count: chunk.bytes, number: formatNumber(chunk.bytes, locale()) }),
    ),
  };
}
