/**
 * The one module that calls the API. Types come from its OpenAPI document (`npm run types`).
 *
 *     const page = await call(() => api.GET("/api/v1/jobs", { params: { query: { q: "backup" } }, signal }));
 */

import createClient, { type Middleware } from "openapi-fetch";
import { heardDate } from "./clock";
import { connection } from "./connection";
import { patiently } from "./patience";
import { ApiError, isAbort, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const DEADLINE_MS = 30_000;

let csrfToken: string | null = null;
let language = "en";
let signInAgain: (() => Promise<void>) | null = null;

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

export function setLanguage(tag: string): void {
  language = tag;
}

/** `ask` shows a sign-in over the page and resolves once it has succeeded: no form is lost to a session that ended. */
export function onSessionEnd(ask: () => Promise<void>): void {
  signInAgain = ask;
}

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", language);
    if (csrfToken && !["GET", "HEAD"].includes(request.method))
      request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
};

export const api = createClient<paths>({
  baseUrl: new URL(".", document.baseURI).pathname.replace(/\/$/, ""),
  // Looked up with each call; openapi-fetch would keep the first one.
  fetch: (request) => patiently(request, (attempt) => fetch(withDeadline(attempt))),
  querySerializer: { array: { style: "form", explode: true } },
});
api.use(headers);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The data of an answer. Throws ApiError for every other outcome, and AbortError when its page was left.
 * With `quietly` a missing session is an error like any other. A status in `accept` comes with data too, as 503 does
 * where it means "not ready, and this is why".
 */
export async function call<T>(
  ask: () => Promise<Answer<T>>,
  { quietly = false, accept = [] as readonly number[] } = {},
): Promise<T> {
  const { data, error } = await answer(ask, quietly, accept);
  return (data ?? error) as T;
}

/** The same with the revision that the answer's ETag names, for a later `If-Match`. */
export async function callForRevision<T>(ask: () => Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  const { data, response } = await answer(ask, false);
  return { data: data as T, etag: response.headers.get("ETag") ?? "" };
}

async function answer<T>(
  ask: () => Promise<Answer<T>>,
  quietly: boolean,
  accept: readonly number[] = [],
): Promise<Answer<T>> {
  let found: Answer<T>;
  try {
    found = await ask();
  } catch (error) {
    if (isAbort(error)) throw error;
    connection.failed();
    throw new ApiError(0, "");
  }
  const { status, headers: sent } = found.response;
  heardDate(sent.get("Date"));
  // 502 and 504 are a proxy's word that no master is there.
  if (status === 502 || status === 504) connection.failed();
  else connection.worked();
  if (found.response.ok || accept.includes(status)) return found;
  if (status === 401 && !quietly && signInAgain) {
    await signInAgain();
    return answer(ask, true, accept);
  }
  throw problemOf(status, found.error, sent.get("Retry-After"));
}

function withDeadline(request: Request): Request {
  return new Request(request, {
    signal: AbortSignal.any([request.signal, AbortSignal.timeout(DEADLINE_MS)]),
  });
}
