/** The job model of the API (app/common/models/job.py): its fields in their order, with their defaults. */

import type { Schemas } from "../api/client";

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A job as JSON: fields at their defaults may be absent. */
export type JobJson = Readonly<Record<string, unknown>>;

/** Fields without a default come as undefined. `timezone` null means the server's zone. */
export const JOB_DEFAULTS = {
  name: undefined,
  command: undefined,
  cronExpr: undefined,
  enabled: true,
  description: "",
  group: null,
  tags: [],
  timezone: null,
  startsAt: null,
  endsAt: null,
  jitterSeconds: 0,
  overlap: "skip",
  misfire: "skip",
  misfireWindowSeconds: 86_400,
  timeoutSeconds: null,
  killGraceSeconds: 5,
  retries: { max: 0, delaySeconds: 0, backoff: 1, maxDelaySeconds: 3600, onExitCodes: [] },
  onWorkerLoss: "fail",
  onIsolation: "continue",
  workerLabels: {},
  broadcast: false,
  shell: "/bin/bash",
  cwd: null,
  env: {},
  user: null,
  limits: { memoryMb: null, cpuSeconds: null, openFiles: null },
  outputLimitBytes: 262_144,
  onSuccess: [],
  onFailure: [],
  notify: { channels: [], on: [] },
  metrics: false,
  successWithinSeconds: null,
} as const satisfies Record<keyof Schemas["Job"], Json | undefined>;

export type JobField = keyof typeof JOB_DEFAULTS;

/** What the API adds to a job for reading only. */
export const READ_ONLY: ReadonlySet<string> = new Set<
  Exclude<keyof Schemas["JobView"], keyof Schemas["Job"]>
>(["revision", "state", "nextFire", "scheduleText", "lastRun", "recentRuns", "running"]);

const MAX_NAME = 128; // characters

/** Whether the server takes this for the name of a job, a group or a tag. */
export function isName(text: string): boolean {
  const name = text.normalize("NFC");
  // Vowel signs and tone marks are parts of words, but do not begin them.
  if (Array.from(name).length > MAX_NAME || /(^| )[\p{Mn}\p{Mc}]/u.test(name)) return false;
  const letters = name.replace(/[\p{Mn}\p{Mc}]/gu, "");
  return /^[\p{L}\p{N}_.-]+( +[\p{L}\p{N}_.-]+)*$/u.test(letters) && /[\p{L}\p{N}]/u.test(letters);
}
