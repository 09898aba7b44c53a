/** A question is asked once more when its answer got lost: of several hosts, one may go at any moment. */

const BROKEN_MS = 300; // pause after no answer at all
const PROXY_MS = 1_000; // and after a proxy's word that no master is there
const LONGEST_PAUSE_S = 3; // whoever asks for more patience gets none: the page shows the error meanwhile

/**
 * The answer to `request`, as `send` brings it. One that only reads is sent a second time if the connection broke or
 * the server is away for a moment. A change is sent once: it may have been made, whatever became of its answer.
 */
export async function patiently(
  request: Request,
  send: (attempt: Request) => Promise<Response>,
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") return send(request);
  let pause = BROKEN_MS;
  try {
    const answer = await send(request.clone());
    const wanted = pauseAfter(answer);
    if (wanted === null) return answer;
    pause = wanted;
  } catch (error) {
    // fetch knows one error for every broken connection; others say that the page was left, or that time is up.
    if (!(error instanceof TypeError)) throw error;
  }
  await rest(pause, request.signal);
  return send(request);
}

/** Milliseconds until it may be worth asking again; null: the answer is one. */
function pauseAfter({ status, headers }: Response): number | null {
  const wanted = headers.get("Retry-After") ?? "";
  if (status === 503 && /^\d$/.test(wanted) && Number(wanted) <= LONGEST_PAUSE_S)
    return Number(wanted) * 1_000;
  return status === 502 || status === 504 ? PROXY_MS : null;
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
