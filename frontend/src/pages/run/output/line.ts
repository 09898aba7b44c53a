/** One line of output as an element: text nodes only, whatever was printed. */

import { locale, t } from "../../../i18n";
import type { Line } from "../../../lib/ansi";
import { lookOf, PLAIN } from "../../../lib/ansi-style";
import { formatNumber } from "../../../lib/number";
import { h, type Child } from "../../../ui/dom";

/** Characters of a line that are shown unasked; a browser lays out endless lines slowly. */
export const SHOWN = 4_000;

/** `label` is the line's number; `shown` characters of it are drawn, and a button that asks for more follows. */
export function lineElement(line: Line, label: string, shown: number): HTMLElement {
  const length = line.reduce((sum, { text }) => sum + text.length, 0);
  return h(
    "div.out-line",
    { "data-n": label },
    h("span.out-text", null, spans(line, shown)),
    length > shown &&
      h(
        "button.out-more",
        { type: "button", "data-action": "more" },
        t("run:output.showAll", { count: length, number: formatNumber(length, locale()) }),
      ),
  );
}

function spans(line: Line, shown: number): Child[] {
  const made: Child[] = [];
  let room = shown;
  for (const { text, style } of line) {
    if (room <= 0) break;
    const part = text.length > room ? text.slice(0, room) : text;
    room -= part.length;
    if (style === PLAIN) made.push(part);
    else {
      const { classes, color, background } = lookOf(style);
      made.push(
        h(
          "span",
          {
            class: [...classes, color ? "ansi-fg-own" : "", background ? "ansi-bg-own" : ""].join(" "),
            css: { ...(color && { "--fg": color }), ...(background && { "--bg": background }) },
          },
          part,
        ),
      );
    }
  }
  // An empty line keeps its height, and is copied as one.
  return made.length ? made : ["\n"];
}

/** Where the text between two columns of a line's element is; null for what is not drawn. */
export function rangeIn(element: Element, start: number, end: number): Range | null {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let at = 0;
  let begun = false;
  for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
    const { length } = node;
    if (!begun && start < at + length) {
      range.setStart(node, start - at);
      begun = true;
    }
    if (begun && end <= at + length) {
      range.setEnd(node, end - at);
      return range;
    }
    at += length;
  }
  return null;
}
