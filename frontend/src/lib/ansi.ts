/**
 * The output of a command as lines of styled text, as a terminal would show it.
 *
 * The package anser keeps no state between pieces of a sequence and knows neither OSC nor carriage returns.
 */

import { EditedLine, type Line } from "./ansi-line";
import { PLAIN, Styles, type Style } from "./ansi-style";

export type { Line, Span } from "./ansi-line";
export type { Color, PaletteColor, Style } from "./ansi-style";

const MAX_PARAMETERS = 256; // characters; of a sequence that a terminal could mean
const MAX_STRING = 4096; // characters; of a title, a link, ...

const CONTROL = /[\0-\x08\n-\x1f\x7f-\x9f]/g; // eslint-disable-line no-control-regex
const STRING_END = /[\x07\x18\x1a\x1b\n]/g; // eslint-disable-line no-control-regex
const PARAMETERS_END = /[^ -?]/g;
const SGR = /^[\d;:]*$/;
const STRING_STARTS = "]PX^_"; // after ESC: OSC, DCS, SOS, PM, APC

/**
 * Takes text in pieces that may be split anywhere, in time linear in their length.
 *
 * Colours and attributes become styles; `\r` and `\b` move back, so that what is written next overwrites, and
 * "erase line" (all of it, or what is right) erases. All other escape sequences, and control characters but `\n` and `\t`, are dropped. What
 * begins like a sequence and has no end is dropped as far as its bound or the end of the line.
 */
export class AnsiParser {
  /** The lines that have ended. It only grows. */
  readonly lines: Line[] = [];

  private readonly line = new EditedLine();
  private readonly styles = new Styles();
  private style: Style = PLAIN;
  private state: "text" | "escape" | "intermediate" | "sequence" | "string" = "text";
  private parameters = "";
  private stringLength = 0;

  /** The line that has not ended, as it is shown now. */
  get current(): Line {
    return this.line.spans();
  }

  /** What is shown of that line, which goes on empty. */
  take(): Line {
    return this.line.take();
  }

  push(text: string): void {
    for (let at = 0; at < text.length;) at = this.step(text, at);
  }

  /** Takes in some of the text from `at` on; returns where to go on. */
  private step(text: string, at: number): number {
    switch (this.state) {
      case "text":
        return this.plain(text, at);
      case "escape":
        return this.escape(text, at);
      case "intermediate":
        this.state = "text";
        return isPrintable(text.charAt(at)) ? at + 1 : at;
      case "sequence":
        return this.sequence(text, at);
      case "string":
        return this.string(text, at);
    }
  }

  private plain(text: string, at: number): number {
    const end = next(CONTROL, text, at);
    if (end > at) this.line.write(text.slice(at, end), this.style);
    switch (text[end]) {
      case "\n":
        this.lines.push(this.line.take());
        break;
      case "\r":
        this.line.return();
        break;
      case "\b":
        this.line.back();
        break;
      case "\x1b":
        this.state = "escape";
        break;
    }
    return end + 1;
  }

  private escape(text: string, at: number): number {
    const character = text.charAt(at);
    this.state = "text";
    if (!isPrintable(character)) return at;
    if (character === "[") {
      this.state = "sequence";
      this.parameters = "";
    } else if (STRING_STARTS.includes(character)) {
      this.state = "string";
      this.stringLength = 0;
    } else if (character < "0") {
      this.state = "intermediate"; // one more belongs to it, as in ESC ( B
    }
    return at + 1;
  }

  private sequence(text: string, at: number): number {
    const end = Math.min(next(PARAMETERS_END, text, at), at + MAX_PARAMETERS - this.parameters.length);
    this.parameters += text.slice(at, end);
    if (end === text.length && this.parameters.length < MAX_PARAMETERS) return end;
    this.state = "text";
    const final = text.charAt(end);
    if (!isPrintable(final)) return end;
    this.apply(final);
    return end + 1;
  }

  private apply(final: string): void {
    if (final === "m" && SGR.test(this.parameters)) {
      this.style = this.styles.restyle(this.style, this.parameters);
    } else if (final === "K" && this.parameters === "2") {
      this.line.erase();
    } else if (final === "K" && (this.parameters === "" || this.parameters === "0")) {
      this.line.eraseRight();
    }
  }

  private string(text: string, at: number): number {
    const end = Math.min(next(STRING_END, text, at), at + MAX_STRING - this.stringLength);
    this.stringLength += end - at;
    if (end === text.length && this.stringLength < MAX_STRING) return end;
    this.state = "text";
    // What follows ESC may be the "\" that ends a string; a newline is one of the text.
    return text[end] === "\x07" ? end + 1 : end;
  }
}

function isPrintable(character: string): boolean {
  return character >= " " && character <= "~";
}

/** Where the next match is; the end of the text if there is none. */
function next(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.index ?? text.length;
}
