/** Many reasons to fetch again make one request, and a slow server is asked less often. */

import type { PageContext } from "../../app/page";

const REST = 9; // times as long as an answer took: a page keeps the server busy for a tenth of the time at most

/**
 * Asks for the act; with `urgent`, such as by a click, without waiting for the rest of its time. An act under way is
 * then about what is no longer wanted: its signal is aborted, and the next one follows it at once.
 */
export type Ask = (urgent?: boolean) => void;

/**
 * Asking for `act` does it at once if it can be, never twice at the same time, at most every `minMs`, not while the tab
 * is hidden, and not once the page is left, which aborts the signal that `act` is given. `act` deals with its own errors.
 */
export function gather(
  { signal, onLeave }: Pick<PageContext, "signal" | "onLeave">,
  minMs: number,
  act: (signal: AbortSignal) => Promise<void>,
): Ask {
  let wanted = false;
  let doing: AbortController | null = null;
  let restUntil = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const pump = () => {
    if (!wanted || doing || timer !== undefined || signal.aborted || document.hidden) return;
    const wait = restUntil - performance.now();
    if (wait > 0) {
      timer = setTimeout(() => {
        timer = undefined;
        pump();
      }, wait);
      return;
    }
    wanted = false;
    const present = new AbortController();
    doing = present;
    const begun = performance.now();
    void act(present.signal).finally(() => {
      const now = performance.now();
      restUntil = present.signal.aborted ? -Infinity : now + Math.max(minMs, REST * (now - begun));
      doing = null;
      pump();
    });
  };
  document.addEventListener("visibilitychange", pump);
  onLeave(() => {
    clearTimeout(timer);
    doing?.abort();
    document.removeEventListener("visibilitychange", pump);
  });
  return (urgent = false) => {
    wanted = true;
    if (urgent) {
      clearTimeout(timer);
      timer = undefined;
      restUntil = -Infinity;
      doing?.abort();
    }
    pump();
  };
}
