/** Where the figures of the dashboard lead: lists that show just what they count. */

import { href } from "../../app/address";
import { BAD_STATUSES, type JobState } from "../../ui/status";

export function jobsLink(state?: JobState): string {
  return href("/jobs", {}, { state });
}

export const failingJobsLink = () => href("/jobs", {}, { lastStatus: [...BAD_STATUSES], sort: "-lastStart" });

/** Runs of `status` (none: of all) in the last 24 hours. */
export function runsLink(status: readonly string[] = []): string {
  return href("/runs", {}, { status: [...status], time: "day" });
}

export const runningLink = () => href("/runs", {}, { status: "running" });

/** Runs of `status` (none: of all) from `since` to `until`, epoch ms. */
export function spanLink(since: number, until: number, status: readonly string[] = []): string {
  return href("/runs", {}, { status: [...status], since: iso(since), until: iso(until) });
}

export const jobLink = (name: string) => href("/jobs/:name", { name });
export const runLink = (id: string) => href("/runs/:id", { id });
export const workerLink = (worker: string) => href("/workers", {}, { worker });

function iso(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}
