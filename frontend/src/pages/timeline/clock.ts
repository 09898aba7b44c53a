/** Times of the next and the last day as the pictures say them: short, in the viewer's zone. */

import { locale } from "../../i18n";
import { dateFormat } from "../../lib/intl";
import { dayKey, zonedParts } from "../../lib/time";
import { serverNow } from "../../ui/time";

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

/** `14:05` */
export function clock(at: number): string {
  return dateFormat(locale(), HOUR_MINUTE).format(at);
}

/** `Mon 14:05` */
export function dayClock(at: number): string {
  return dateFormat(locale(), { weekday: "short", ...HOUR_MINUTE }).format(at);
}

/** `14:05` today, else `Mon 14:05`. */
export function clockWithDay(at: number): string {
  return dayKey(at) === dayKey(serverNow()) ? clock(at) : dayClock(at);
}

/** `Mon 14:00–14:15` */
export function span(from: number, until: number): string {
  const sameDay = dayKey(from) === dayKey(until);
  return `${dayClock(from)} – ${sameDay ? clock(until) : dayClock(until)}`;
}

/** Of a row of an hour: with the day where it is another than that of the row above. */
export function hourLabel(at: number, first: boolean): string {
  return !first && dayKey(at) !== dayKey(at - 1) ? dayClock(at) : clock(at);
}

/** `14:05:06` */
export function clockSeconds(at: number): string {
  return dateFormat(locale(), { ...HOUR_MINUTE, second: "2-digit" }).format(at);
}

/** What the viewer's clock is ahead of UTC at an instant, whole minutes. */
export function offsetMs(at: number): number {
  const { year, month, day, hour, minute } = zonedParts(at);
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / 60_000) * 60_000;
}
