/** Time zones: the wall clock of any IANA zone, by the browser's own zone data. All instants are ms since 1970 (UTC). */

import { dateFormat } from "./intl";

const DAY_MS = 86_400_000;

/** What a clock in a zone shows; `month` counts from 1. */
export interface ZonedParts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** The IANA name of the viewer's zone. */
export function viewerZone(): string {
  return dateFormat("en", {}).resolvedOptions().timeZone;
}

/** All zones the browser knows, UTC first. */
export function zones(): string[] {
  return [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
}

/** Whether the browser knows a zone of this name. */
export function isZone(name: string): boolean {
  try {
    dateFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What the clock shows in `zone` (default: the viewer's). Throws a RangeError for an unknown zone. */
export function zonedParts(ms: number, zone?: string): ZonedParts {
  const format = dateFormat("en-u-ca-iso8601", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of format.formatToParts(ms)) {
    if (type in parts) parts[type as keyof ZonedParts] = Number(value);
  }
  return parts;
}

/** The day in `zone` as `2030-01-31`: equal for instants of the same day, and in order. */
export function dayKey(ms: number, zone?: string): string {
  return new Date(wallClock(ms, zone)).toISOString().slice(0, 10);
}

/** How many midnights of `zone` lie between two instants: 1 for yesterday to today, negative backwards. */
export function daysBetween(fromMs: number, toMs: number, zone?: string): number {
  return Math.floor(wallClock(toMs, zone) / DAY_MS) - Math.floor(wallClock(fromMs, zone) / DAY_MS);
}

/** The offset from UTC in force in `zone` at an instant: `+08:00`. */
export function offsetOf(ms: number, zone?: string): string {
  const minutes = Math.round(offsetMs(ms, zone) / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${two(hours)}:${two(rest)}`;
}

/** An instant as the value of a datetime-local input: `2030-01-31T08:00`, with seconds only where they are not 0. */
export function localInputValue(ms: number, zone?: string): string {
  const text = new Date(wallClock(ms, zone)).toISOString().slice(0, 19);
  return text.endsWith(":00") ? text.slice(0, 16) : text;
}

/**
 * The instant of a datetime-local input's value; null for anything else.
 *
 * A time that comes twice (the clock goes back) means its first coming. One that does not exist (the clock goes
 * forward) means the instant as long after the change as it is after the start of the gap.
 */
export function fromLocalInput(text: string, zone?: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return null;
  const wall = Date.parse(`${text}Z`);
  // Some browsers read February 31 as March 3.
  if (Number.isNaN(wall) || !new Date(wall).toISOString().startsWith(text)) return null;
  // No zone changes twice within two days.
  const [before, after] = [offsetMs(wall - DAY_MS, zone), offsetMs(wall + DAY_MS, zone)];
  const found = [wall - before, wall - after].filter((ms) => wallClock(ms, zone) === wall);
  return found.length > 0 ? Math.min(...found) : wall - before;
}

/** The wall clock of `zone` as if it were UTC, in whole seconds. */
function wallClock(ms: number, zone?: string): number {
  const { year, month, day, hour, minute, second } = zonedParts(ms, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function offsetMs(ms: number, zone?: string): number {
  return wallClock(ms, zone) - Math.floor(ms / 1000) * 1000;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
