/** After an upgrade of the server a page that was open before starts anew: the files it would load have gone. */

const SETTLED_MS = 60_000; // files missing from a younger page are missing for another reason; starting anew would go on for ever

/** The browser asks first where there is unsaved work. */
export function renewWhenOutdated(): void {
  addEventListener("vite:preloadError", () => {
    if (performance.now() < SETTLED_MS) return;
    // Without a server there would be nothing to start from.
    fetch(new URL("healthz", document.baseURI), { signal: AbortSignal.timeout(5_000) }).then(
      (answer) => answer.ok && location.reload(),
      () => undefined,
    );
  });
}
