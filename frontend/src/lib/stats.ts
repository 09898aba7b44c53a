/** Figures about the durations of runs. */

export interface Summary {
  count: number;
  /** Null where there is nothing to count. The unit is that of the values. */
  p50: number | null;
  p95: number | null;
  max: number | null;
}

/**
 * The value below which `p` percent (0 to 100) of the values lie, by nearest rank: always one of them.
 * `sorted` ascends. Null where it is empty.
 */
export function percentile(sorted: readonly number[], p: number): number | null {
  const rank = Math.ceil((p / 100) * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? null;
}

/** Median, 95th percentile and maximum, in any order of the values. Values that are not finite do not count. */
export function summarize(durations: Iterable<number>): Summary {
  const sorted = Array.from(durations).filter(Number.isFinite);
  sorted.sort((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 50),
    p95: percentile(sorted, 95),
    max: sorted.at(-1) ?? null,
  };
}
