/** The line that a terminal is printing: text with styles, and a cursor in it. */

import { sameStyle, type Style } from "./ansi-style";

/** Text of one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line without its newline. An empty line has no spans. */
export type Line = readonly Span[];

const EMPTY: Line = [];

/**
 * What is left of the cursor, and what is right of it, nearest last: writing, returning and stepping back touch
 * only what they move, so that a line of any length costs no more than was written to it.
 *
 * Columns are UTF-16 code units; a character that is half overwritten is gone.
 */
export class EditedLine {
  private left: Span[] = [];
  private right: Span[] = [];

  /** Write over what is right of the cursor. */
  write(text: string, style: Style): void {
    if (this.right.length) this.drop(text.length);
    this.left.push({ text, style });
  }

  /** The cursor to the start of the line. */
  return(): void {
    for (let span = this.left.pop(); span; span = this.left.pop()) this.right.push(span);
  }

  /** The cursor one character back. */
  back(): void {
    const span = this.left.pop();
    if (!span) return;
    const last = splitsPair(span.text, span.text.length - 1) ? 2 : 1;
    const at = span.text.length - last;
    if (at > 0) this.left.push({ text: span.text.slice(0, at), style: span.style });
    this.right.push({ text: span.text.slice(at), style: span.style });
  }

  /** Erase from the cursor on. */
  eraseRight(): void {
    this.right = [];
  }

  /** Erase all of it. The cursor goes to the start, where a program moves it next in any case. */
  erase(): void {
    this.left = [];
    this.right = [];
  }

  /** What is shown now. */
  spans(): Line {
    if (!this.left.length && !this.right.length) return EMPTY;
    const all = this.right.length ? [...this.left, ...this.right.toReversed()] : this.left;
    return all.length === 1 ? [...all] : merged(all);
  }

  /** What is shown at its end; the line is empty then. */
  take(): Line {
    const line = this.spans();
    this.erase();
    return line;
  }

  private drop(columns: number): void {
    let rest = columns;
    while (rest > 0) {
      const span = this.right.pop();
      if (!span) return;
      const cut = splitsPair(span.text, rest) ? rest + 1 : rest;
      if (cut < span.text.length) this.right.push({ text: span.text.slice(cut), style: span.style });
      rest -= span.text.length;
    }
  }
}

/** Neighbours of one style joined: a line is shown as few elements as it can be. */
function merged(spans: readonly Span[]): Line {
  const found: Span[] = [];
  let texts: string[] = [];
  for (const [index, { text, style }] of spans.entries()) {
    texts.push(text);
    const next = spans[index + 1];
    if (!next || !sameStyle(style, next.style)) {
      found.push({ text: texts.length === 1 ? text : texts.join(""), style });
      texts = [];
    }
  }
  return found;
}

function splitsPair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}
