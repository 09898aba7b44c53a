/** A card that loads and renews itself, so that one slow or failed part of a page holds up no other. */

import type { PageContext } from "../../app/page";
import { isAbort } from "../../api/problem";
import { h, newId, nodes, replace, type Child } from "../../ui/dom";
import { errorState, loadingState } from "../../ui/states";
import { gather, type Ask } from "./gather";
import "./live-card.css";
import { staleNote } from "./stale-note";

export interface LiveCardOptions<T> {
  title: string;
  /** Names the card for styles and tests. */
  id: string;
  /** Beside the title, such as a link to the whole list. */
  head?: Child;
  /** At most one request in so many ms. */
  minMs: number;
  load: () => Promise<T>;
  /** What the card shows of `data`. Elements that were there before stay untouched in their place. */
  draw: (data: T) => Child;
}

export interface LiveCard {
  readonly element: HTMLElement;
  /** Fetch again soon. */
  readonly refresh: Ask;
}

export function liveCard<T>(context: PageContext, options: LiveCardOptions<T>): LiveCard {
  const titleId = newId("card");
  const stale = staleNote();
  const body = h("div.live-card-body", null, loadingState());
  const element = h(
    "div.card",
    { role: "group", "aria-labelledby": titleId, "data-card": options.id },
    h("div.card-head", null, h("h2", { id: titleId }, options.title), stale.element, options.head),
    body,
  );
  let drawn = false;
  const refresh = gather(context, options.minMs, async () => {
    try {
      const data = await options.load();
      if (context.signal.aborted) return;
      setContent(body, options.draw(data));
      drawn = true;
      stale.show(null);
    } catch (error) {
      if (isAbort(error) || context.signal.aborted) return;
      // Old figures are worth more than none, if they are said to be old.
      if (drawn) stale.show(error);
      else
        replace(
          body,
          errorState(error, () => refresh(true)),
        );
    }
  });
  refresh();
  return { element, refresh };
}

/** As `replace`, but does nothing where the same elements are there already: they keep focus and scroll. */
function setContent(place: Element, content: Child): void {
  const wanted = nodes([content]);
  const same =
    wanted.length === place.childNodes.length && wanted.every((node, i) => node === place.childNodes[i]);
  if (!same) place.replaceChildren(...wanted);
}
