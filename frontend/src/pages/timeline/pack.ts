/** Putting bars that overlap in time into rows. Pure. */

export interface Bar {
  start: number;
  end: number;
}

export interface Packed<T extends Bar> {
  /** Rows used. */
  rows: number;
  /** In order of their start. */
  placed: { bar: T; row: number }[];
}

/** Each bar in the first row that is free when it starts. A bar takes at least `least`, so that short ones show. */
export function pack<T extends Bar>(bars: readonly T[], least: number): Packed<T> {
  const free: number[] = []; // from when on
  const placed = bars
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .map((bar) => {
      const found = free.findIndex((from) => from <= bar.start);
      const row = found < 0 ? free.length : found;
      free[row] = Math.max(bar.end, bar.start + least);
      return { bar, row };
    });
  return { rows: free.length, placed };
}
