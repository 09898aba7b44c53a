/** What the workers say on how a run ended, taken apart so that it can be said in the reader's language. Pure. */

export interface Reason {
  /** Names the sentence in `runs:reason`. */
  key: ReasonKey;
  values: Record<string, string>;
}

const SENTENCES = {
  exitCode: /^exit code (?<code>\d+)$/,
  signal: /^ended by signal (?<signal>\d+)$/,
  timeout: /^timed out after (?<seconds>[\d.e+]+) s$/,
  timeoutBefore: /^timed out after (?<seconds>[\d.e+]+) s before it had started$/,
  stopped: /^stopped with the worker$/,
  stoppedBefore: /^stopped with the worker before it had started$/,
  isolated: /^killed by this worker: it was cut off from etcd \(onIsolation\)$/,
  killedBefore: /^killed by (?<by>.+) before it had started$/,
  killedBy: /^killed by (?<by>.+)$/,
  killed: /^killed$/,
  leftBehind: /^left (?<count>\d+) process(?:es)? behind, ended by the worker$/,
  survivors: /^(?<count>\d+) (?:of its )?processes could not be ended$/,
  overlap: /^the previous run was still in progress$/,
  noWorker: /^no worker was alive and free to claim it in time$/,
  noLabels: /^no live worker with the labels that the job asks for claimed it in time$/,
  executorDied: /^its executor died$/,
  workerRestarted: /^the worker was restarted$/,
  workerDied: /^worker (?<worker>.+) died$/,
  noSecret:
    /^cannot start: (?<reference>secret:\S+) for (?<variable>\S+): on worker (?<worker>[^\s:]+): (?<detail>.+)$/s,
  cannotStart: /^cannot start: (?<detail>.+)$/s,
} as const;

export type ReasonKey = keyof typeof SENTENCES;

/** The sentences of `reason`, each once; a text where one is not known. */
export function reasonsOf(reason: string): (Reason | string)[] {
  const parts = [...new Set(reason.split("; ").filter(Boolean))].map((part) => known(part) ?? part);
  const seen = new Set<string>();
  return parts.filter((part) => {
    const sentence = typeof part === "string" ? part : JSON.stringify(part);
    return !seen.has(sentence) && seen.add(sentence);
  });
}

/** How many processes of the run outlived SIGKILL, by its worker's word. */
export function survivorsOf(reason: string): number {
  for (const part of reasonsOf(reason))
    if (typeof part !== "string" && part.key === "survivors") return Number(part.values.count);
  return 0;
}

function known(sentence: string): Reason | null {
  for (const [key, pattern] of Object.entries(SENTENCES)) {
    const found = pattern.exec(sentence);
    if (found) return { key: key as ReasonKey, values: { ...found.groups } };
  }
  return null;
}
