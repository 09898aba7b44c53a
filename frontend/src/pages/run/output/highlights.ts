/** What was found, marked by the browser without a change of the page. */

import type { TextChunkView } from "./chunk-view";
import { rangeIn } from "./line";
import type { Match, Search } from "./search";

const [FOUND, CHOSEN] = ["out-found", "out-chosen"];

/** Marks the matches in `views`, of which one may be chosen. A browser that cannot marks nothing. */
export function highlight(search: Search, chosen: Match | undefined, views: Iterable<TextChunkView>): void {
  if (!("highlights" in CSS)) return;
  const found = new Highlight();
  const choice = new Highlight();
  for (const view of views)
    for (const match of search.of(view.chunk)) {
      const text = view.line(match.line)?.firstElementChild;
      const range = text && rangeIn(text, match.start, match.end);
      if (range) (match === chosen ? choice : found).add(range);
    }
  CSS.highlights.set(FOUND, found);
  CSS.highlights.set(CHOSEN, choice);
}

export function clearHighlights(): void {
  if (!("highlights" in CSS)) return;
  for (const name of [FOUND, CHOSEN]) CSS.highlights.delete(name);
}
