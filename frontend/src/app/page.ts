/** What a page is: a function that fills an element, and a context that ends with it. */

import type { EventName, LiveEvents } from "../api/events";
import { events } from "../api/events";
import { connection } from "../api/connection";

export interface PageContext {
  /** Where the page draws; empty at first. */
  readonly root: HTMLElement;
  /** Parts of the address, decoded: `name` of `/jobs/:name`. */
  readonly params: Readonly<Record<string, string>>;
  /** What stands behind `?` in the address. */
  readonly query: URLSearchParams;
  /** Aborted when the page is left; give it to every call of the API. */
  readonly signal: AbortSignal;
  /** Shown in the tab. */
  readonly title: (text: string) => void;
  /** Events of the cluster until the page is left. */
  readonly on: <K extends EventName>(name: K, handler: (data: LiveEvents[K]) => void) => void;
  /** `act` every `ms` while the tab is visible and the server answers; not at once. */
  readonly every: (ms: number, act: () => void) => void;
  /** Put `query` into the address without leaving the page, so that the view can be sent as a link. */
  readonly setQuery: (query: URLSearchParams) => void;
  /** The reader is asked before the page is left while `dirty()` says that there is unsaved work. */
  readonly guard: (dirty: () => boolean) => void;
  /** `act` is called when the page is left. */
  readonly onLeave: (act: () => void) => void;
}

/** Draws the page, or rejects with an error that the shell shows with a way to try again. */
export type Page = (context: PageContext) => void | Promise<void>;

/** Everything of a context that does not depend on the router. */
export function lifetime(signal: AbortSignal): Pick<PageContext, "on" | "every" | "onLeave"> {
  const onLeave = (act: () => void) => signal.addEventListener("abort", act, { once: true });
  return {
    onLeave,
    on(name, handler) {
      if (!signal.aborted) onLeave(events.on(name, handler));
    },
    every(ms, act) {
      const timer = setInterval(() => {
        if (!document.hidden && connection.state !== "lost") act();
      }, ms);
      onLeave(() => clearInterval(timer));
    },
  };
}
