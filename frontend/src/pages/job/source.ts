/** What is known of one job, fetched again when the cluster says that it changed. */

import { api, callForRevision, type Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";
import type { PageContext } from "../../app/page";
import type { JobJson } from "../../lib/job";
import { gather, type Ask } from "../shared/gather";

export type JobView = Schemas["JobView"];
export type InvalidJobView = Schemas["InvalidJobView"];

/** `job` is null once it is deleted; `etag` is for `If-Match`. */
export interface Known {
  readonly job: JobView | InvalidJobView | null;
  readonly etag: string;
}

export function isValid(job: JobView | InvalidJobView | null): job is JobView {
  return job !== null && job.state !== "invalid";
}

/** A job as two versions of it are compared; null for none, and for one that is invalid. */
export function asJson(job: JobView | InvalidJobView | null): JobJson | null {
  return isValid(job) ? { ...job } : null;
}

type Listener = (known: Known) => void;

export class JobSource {
  private readonly listeners: Listener[] = [];
  private readonly renew: Ask;

  private constructor(
    readonly name: string,
    readonly context: PageContext,
    private known: Known,
  ) {
    this.renew = gather(context, 1_000, async (signal) => {
      try {
        this.take(await fetchJob(name, signal));
      } catch {
        // What is shown stays; the shell says when the server is away, and the next event asks again.
      }
    });
  }

  /** Fetches the job for the first time, and follows it until the page is left. */
  static async open(name: string, context: PageContext): Promise<JobSource> {
    const source = new JobSource(name, context, await fetchJob(name, context.signal));
    context.on("jobs", ({ names }) => names.includes(name) && source.renew());
    context.on("running", ({ jobs }) => {
      if (jobs.includes(name) || source.runs > 0) source.renew();
    });
    source.onRuns(() => source.renew());
    return source;
  }

  get current(): Known {
    return this.known;
  }

  /** `listener` is called at once and with every change. */
  follow(listener: Listener): void {
    this.listeners.push(listener);
    listener(this.known);
  }

  /** Fetch it again soon: it has just been changed here. */
  refresh(): void {
    this.renew(true);
  }

  /** `act` is called when rows of this job are new or changed, or may be. */
  onRuns(act: () => void): void {
    this.context.on("runs", ({ items }) => {
      if (items.some((run) => run.jobName === this.name)) act();
    });
    this.context.on("reload", () => act());
  }

  private get runs(): number {
    return this.known.job?.running ?? 0;
  }

  private take(known: Known): void {
    this.known = known;
    if (!this.context.signal.aborted) for (const listener of this.listeners) listener(known);
  }
}

async function fetchJob(name: string, signal: AbortSignal): Promise<Known> {
  try {
    const { data, etag } = await callForRevision(() =>
      api.GET("/api/v1/jobs/{name}", { params: { path: { name } }, signal }),
    );
    return { job: data, etag };
  } catch (error) {
    if (error instanceof ApiError && error.notFound) return { job: null, etag: "" };
    throw error;
  }
}
