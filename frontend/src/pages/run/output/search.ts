/** Finding text in output. No DOM. */

import { lineText, type Chunk, type TextChunk } from "./lines";

const MAX_MATCHES = 10_000;

export interface Match {
  chunk: TextChunk;
  /** Place of the line in its chunk. */
  line: number;
  /** Columns, UTF-16. */
  start: number;
  end: number;
}

/** The places of a text in the lines so far, in order; upper and lower case are the same. */
export class Search {
  readonly matches: Match[] = [];
  /** There are more matches than are kept. */
  more = false;
  private readonly pattern: RegExp | null;
  private readonly places = new WeakMap<TextChunk, Match[]>();
  private reached: { chunk: TextChunk; lines: number } | null = null;

  constructor(readonly query: string) {
    this.pattern = query ? new RegExp(query.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gi") : null;
  }

  /** The matches in `chunk`. */
  of(chunk: TextChunk): readonly Match[] {
    return this.places.get(chunk) ?? [];
  }

  /** Look through what has come since the last call, and forget what has gone. */
  extend(chunks: readonly Chunk[]): void {
    if (!this.pattern) return;
    const [first] = this.matches;
    if (first && !chunks.includes(first.chunk)) {
      const held = new Set(chunks);
      const kept = this.matches.filter(({ chunk }) => held.has(chunk));
      this.matches.splice(0, this.matches.length, ...kept);
    }
    const from = this.reached ? chunks.lastIndexOf(this.reached.chunk) : -1;
    for (let place = Math.max(from, 0); place < chunks.length && !this.more; place += 1) {
      const chunk = chunks[place];
      if (chunk?.kind !== "text") continue;
      this.look(chunk, this.reached?.chunk === chunk ? this.reached.lines : 0);
    }
  }

  private look(chunk: TextChunk, from: number): void {
    const here = this.places.get(chunk) ?? [];
    this.places.set(chunk, here);
    for (let line = from; line < chunk.lines.length; line += 1) {
      for (const found of lineText(chunk.lines[line] ?? []).matchAll(this.pattern ?? /$^/g)) {
        if (this.matches.length >= MAX_MATCHES) {
          this.more = true;
          return;
        }
        const match = { chunk, line, start: found.index, end: found.index + found[0].length };
        this.matches.push(match);
        here.push(match);
      }
    }
    this.reached = { chunk, lines: chunk.lines.length };
  }
}
