/** The output of a run as chunks of lines, as much of it as a browser can well hold. No DOM. */

import { AnsiParser, type Line } from "../../../lib/ansi";

export const CHUNK_LINES = 200;
const MAX_LINES = 400_000;
const MAX_CHARACTERS = 48_000_000;
export const MAX_LINE = 200_000; // characters; a line without end goes on in another chunk, under the same number

/** Consecutive lines. `first` is the number of the first one, counted from the last place where something was cut. */
export interface TextChunk {
  readonly kind: "text";
  readonly first: number;
  readonly afterCut: boolean;
  /** Grows up to CHUNK_LINES. */
  readonly lines: Line[];
}

/** A place where output is missing: so many bytes of it, as far as is known. */
export interface CutChunk {
  readonly kind: "cut";
  readonly bytes: number | null;
}

export type Chunk = TextChunk | CutChunk;

export function lineText(line: Line): string {
  return line.length === 1 ? (line[0]?.text ?? "") : line.map(({ text }) => text).join("");
}

/** Takes output in pieces; beyond what can be held, the oldest lines go. */
export class OutputLines {
  readonly chunks: Chunk[] = [];
  /** Lines that went because there were too many. */
  dropped = 0;
  private parser = new AnsiParser();
  private next = 1;
  private afterCut = false;
  private held = 0;
  private characters = 0;
  private ended = 0;
  /** Characters since the last newline, or since the open line was measured. */
  private unbroken = 0;
  private shown: { line: Line; number: number; afterCut: boolean } | null = null;

  /** The line that has not ended, and its number; the same object until something comes. */
  get open(): { line: Line; number: number; afterCut: boolean } {
    this.shown ??= { line: this.parser.current, number: this.next, afterCut: this.afterCut };
    return this.shown;
  }

  /** Lines so far, whether they are still held or not. */
  get total(): number {
    return this.ended + (this.open.line.length ? 1 : 0);
  }

  /** Lines that can be shown. */
  get count(): number {
    return this.held;
  }

  push(text: string): void {
    if (this.unbroken > MAX_LINE) this.breakLine();
    this.shown = null;
    this.parser.push(text);
    const newline = text.lastIndexOf("\n");
    this.unbroken = newline < 0 ? this.unbroken + text.length : text.length - newline - 1;
    for (const line of this.parser.lines.splice(0)) this.add(line);
    this.bound();
  }

  /** Something is missing here. What follows starts anew, with colours and numbers. */
  cut(bytes: number | null): void {
    this.end();
    this.parser = new AnsiParser();
    this.chunks.push({ kind: "cut", bytes });
    this.next = 1;
    this.afterCut = true;
  }

  /** Nothing follows: what was printed without a newline is a line, too. */
  end(): void {
    const { line } = this.open;
    if (line.length) this.add(line);
    this.parser = new AnsiParser();
    this.unbroken = 0;
    this.shown = null;
  }

  /** What was printed may be less than what is shown: a progress bar overwrites itself. */
  private breakLine(): void {
    this.unbroken = sizeOf(this.open.line);
    if (this.unbroken <= MAX_LINE) return;
    this.unbroken = 0;
    this.add(this.parser.take());
    this.next -= 1;
    this.ended -= 1;
  }

  private add(line: Line): void {
    let chunk = this.chunks.at(-1);
    const follows = chunk?.kind === "text" && chunk.first + chunk.lines.length === this.next;
    if (chunk?.kind !== "text" || !follows || chunk.lines.length >= CHUNK_LINES) {
      chunk = { kind: "text", first: this.next, afterCut: this.afterCut, lines: [] };
      this.chunks.push(chunk);
    }
    chunk.lines.push(line);
    this.next += 1;
    this.held += 1;
    this.ended += 1;
    this.characters += sizeOf(line);
  }

  private bound(): void {
    while ((this.held > MAX_LINES || this.characters > MAX_CHARACTERS) && this.chunks.length > 1) {
      const gone = this.chunks.shift();
      if (gone?.kind !== "text") continue;
      this.held -= gone.lines.length;
      this.dropped += gone.lines.length;
      for (const line of gone.lines) this.characters -= sizeOf(line);
    }
  }
}

function sizeOf(line: Line): number {
  let size = 0;
  for (const { text } of line) size += text.length;
  return size;
}
