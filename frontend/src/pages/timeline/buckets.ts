/** Fires by minute, as the pictures and lists of the timeline need them. Pure. */

import type { Schemas } from "../../api/client";
import { zonedParts } from "../../lib/time";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const QUARTER = 15; // minutes

/** Fires of each minute from `start` (epoch ms, a whole minute) on. */
export interface Minutes {
  start: number;
  fires: readonly number[];
}

/** One line of a heat map: `cells[i]` is null where the picture's window does not reach. */
export interface Line {
  /** Of its first cell, also where that is null. */
  start: number;
  cells: (number | null)[];
  total: number;
}

/** One line an hour of the clock in `zone`, 60 cells each; the first and the last are only partly in the window. */
export function hourLines({ start, fires }: Minutes, zone?: string): Line[] {
  const lead = zonedParts(start, zone).minute;
  return lines(fires, lead, 60, start - lead * MINUTE_MS, HOUR_MS);
}

/** One line of quarters of an hour. */
export function quarterLine({ start, fires }: Minutes): Line {
  const lead = (start / MINUTE_MS) % QUARTER;
  const quarters = lines(fires, lead, QUARTER, start - lead * MINUTE_MS, QUARTER * MINUTE_MS);
  return {
    start: start - lead * MINUTE_MS,
    cells: quarters.map(({ total }) => total),
    total: sum(fires),
  };
}

/** Fires at each minute of the hour (0 to 59), all hours together. */
export function minutesOfHour(hours: readonly Line[]): number[] {
  return Array.from({ length: 60 }, (_, minute) => sum(hours.map(({ cells }) => cells[minute] ?? 0)));
}

/** null is the jobs without a group. */
export interface GroupCount {
  group: string | null;
  count: number;
}

export interface PileUp {
  at: number;
  count: number;
  /** How many times the mean of all minutes. */
  factor: number;
  /** Who fires then, the largest first. */
  groups: GroupCount[];
}

/** The busiest minutes, busiest first and earlier before later; only those above the mean. */
export function pileUps(
  { start, fires }: Minutes,
  groups: readonly Schemas["UpcomingGroup"][],
  limit: number,
): PileUp[] {
  const mean = sum(fires) / Math.max(1, fires.length);
  return fires
    .map((count, place) => ({ count, place }))
    .filter(({ count }) => count > 1 && count > mean)
    .sort((a, b) => b.count - a.count || a.place - b.place)
    .slice(0, limit)
    .map(({ count, place }) => ({
      at: start + place * MINUTE_MS,
      count,
      factor: count / mean,
      groups: groupsAt(groups, place),
    }));
}

/** Who fires in the minute `place`. */
export function groupsAt(groups: readonly Schemas["UpcomingGroup"][], place: number): GroupCount[] {
  return groups
    .map(({ group, fires }) => ({ group, count: fires[place] ?? 0 }))
    .filter(({ count }) => count)
    .sort((a, b) => b.count - a.count);
}

/** The first of its cells with the most fires. */
export function busiest({ cells }: Line): { place: number; count: number } {
  const count = Math.max(0, ...cells.map((cell) => cell ?? 0));
  return { place: cells.indexOf(count), count };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** `lead` empty cells, then the fires, `width` a line. */
function lines(fires: readonly number[], lead: number, width: number, start: number, stepMs: number): Line[] {
  const count = Math.ceil((lead + fires.length) / width);
  return Array.from({ length: count }, (_, line) => {
    const cells = Array.from({ length: width }, (_, column) => fires[line * width + column - lead] ?? null);
    return { start: start + line * stepMs, cells, total: sum(cells.map((cell) => cell ?? 0)) };
  });
}
