/** Writing a job, and what it may meet there: another's change, another's job of the same name, or nothing at all. */

import { api, call, callForRevision, type Schemas } from "../../api/client";
import type { JobJson } from "../../lib/job";
import { essentials } from "./model";
import type { Author } from "./conflict";

export type AnyJob = Schemas["JobView"] | Schemas["InvalidJobView"];

export function isInvalid(job: AnyJob): job is Schemas["InvalidJobView"] {
  return "raw" in job;
}

/** A job as it stands on the server. */
export interface Stored {
  job: AnyJob;
  etag: string;
}

export async function readJob(name: string, signal: AbortSignal): Promise<Stored> {
  const { data, etag } = await callForRevision(() =>
    api.GET("/api/v1/jobs/{name}", { params: { path: { name } }, signal }),
  );
  return { job: data, etag };
}

/** With an `etag` exactly that version is replaced; without, a new job is made. */
export async function writeJob(job: JobJson, etag: string | null): Promise<void> {
  const body = essentials(job) as unknown as Schemas["Job"];
  if (etag === null) {
    await call(() => api.POST("/api/v1/jobs", { body }));
    return;
  }
  const { name } = body;
  await call(() =>
    api.PUT("/api/v1/jobs/{name}", { params: { path: { name } }, headers: { "If-Match": etag }, body }),
  );
}

/** Who changed the job last; null if that is not known. */
export async function lastAuthor(name: string, signal: AbortSignal): Promise<Author | null> {
  try {
    const { items } = await call(() =>
      api.GET("/api/v1/jobs/{name}/history", { params: { path: { name }, query: { limit: 1 } }, signal }),
    );
    return items[0] ?? null;
  } catch {
    // It only says who; the history may be away together with the log store.
    return null;
  }
}
