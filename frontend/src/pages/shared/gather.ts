/** Many reasons to fetch again make one request, and a slow server is asked less often. */

import type { PageContext } from "../../app/page";

const REST = 9; // times as long as an answer took: a page keeps the server busy for a tenth of the time at most

/** Asks for the act; with `urgent`, such as by a click, without waiting for the rest of its time. */
export type Ask = (urgent?: boolean) => void;

/**
 * Asking for `act` does it at once if it can be, never twice at the same time, at most every `minMs`, not while the tab
 * is hidden, and not once the page is left. `act` deals with its own errors.
 */
export function gather(
  { signal, onLeave }: Pick<PageContext, "signal" | "onLeave">,
  minMs: number,
  act: () => Promise<void>,
): Ask {
  let wanted = false;
  let busy = false;
  let restUntil = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const pump = () => {
    if (!wanted || busy || timer !== undefined || signal.aborted || document.hidden) return;
    const wait = restUntil - performance.now();
    if (wait > 0) {
      timer = setTimeout(() => {
        timer = undefined;
        pump();
      }, wait);
      return;
    }
    wanted = false;
    busy = true;
    const begun = performance.now();
    void act().finally(() => {
      const now = performance.now();
      restUntil = now + Math.max(minMs, REST * (now - begun));
      busy = false;
      pump();
    });
  };
  document.addEventListener("visibilitychange", pump);
  onLeave(() => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", pump);
  });
  return (urgent = false) => {
    wanted = true;
    if (urgent) {
      clearTimeout(timer);
      timer = undefined;
      restUntil = -Infinity;
    }
    pump();
  };
}
