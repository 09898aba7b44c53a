/** The output of a run while it is printed, through breaks of the connection. */

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
const HIDDEN_MS = 20_000; // a tab hidden for so long gives its connection back

export interface StreamHandlers {
  /** Text that begins `offset` bytes into the output. */
  output: (offset: number, text: string) => void;
  /** The stream is read from its beginning again: forget what came before. */
  restart: () => void;
  /** The run has ended. */
  end: () => void;
}

/** Follows `url` until the run ends or `signal` does. */
export function follow(url: URL, signal: AbortSignal, handlers: StreamHandlers): void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let stale = false;
  let done = false;

  const close = () => {
    source?.close();
    source = null;
  };
  const stop = () => {
    done = true;
    clearTimeout(timer);
    close();
    document.removeEventListener("visibilitychange", seen);
  };
  const open = () => {
    if (source || done || document.hidden) return;
    source = new EventSource(url);
    source.addEventListener("output", (event: MessageEvent<string>) => {
      const { offset, text } = JSON.parse(event.data) as { offset: number; text: string };
      if (stale) handlers.restart();
      stale = false;
      retryMs = FIRST_RETRY_MS;
      handlers.output(offset, text);
    });
    source.addEventListener("end", () => {
      stop();
      handlers.end();
    });
    source.onerror = () => {
      close();
      stale = true;
      timer = setTimeout(open, retryMs * (0.5 + Math.random() / 2));
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    };
  };
  const seen = () => {
    clearTimeout(timer);
    if (!document.hidden) open();
    else
      timer = setTimeout(() => {
        if (source) stale = true;
        close();
      }, HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", seen);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  else open();
}
