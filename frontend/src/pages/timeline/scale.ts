/** From counts to the few shades of a heat map. Pure. */

import { percentile } from "../../lib/stats";

export const SHADES = 6;

const USUAL = 10; // percent of the cells that are no busier than the lightest shade

/**
 * The least count of each shade, ascending from 1; at most `SHADES` of them. Between the usual count and the highest
 * they grow by even factors, because a pile-up is many times the usual.
 */
export function thresholds(counts: readonly number[]): number[] {
  const sorted = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const max = sorted.at(-1) ?? 0;
  const usual = Math.max(1, percentile(sorted, USUAL) ?? 1);
  const steps: number[] = [];
  for (let shade = 0; shade < SHADES; shade += 1) {
    const least = shade ? Math.round(usual * (max / usual) ** (shade / SHADES)) : 1;
    const distinct = Math.max(least, (steps.at(-1) ?? 0) + 1);
    if (distinct <= max) steps.push(distinct);
  }
  return steps;
}

/** 0 for nothing, else the number (from 1) of the highest threshold that `count` reaches. */
export function shadeOf(count: number, steps: readonly number[]): number {
  return steps.filter((least) => count >= least).length;
}

/** Which of `SHADES` colours a shade has: few shades are spread over all of them. */
export function colourOf(shade: number, steps: readonly number[]): number {
  if (shade === 0) return 0;
  return steps.length < 2 ? SHADES / 2 : 1 + Math.round(((shade - 1) * (SHADES - 1)) / (steps.length - 1));
}
