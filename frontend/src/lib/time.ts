/** Times and durations for people. Instants are ms since 1970 (UTC); `locale` is a BCP 47 tag, `zone` an IANA name. */

import { dateFormat, relativeFormat } from "./intl";
import { formatNumber } from "./number";
import { dayKey, daysBetween, offsetOf, viewerZone } from "./zones";

export * from "./zones";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MONTH_DAYS = 30.44;
const YEAR_DAYS = 365.25;

/** The units of durations: millisecond to day. */
const SHORT = ["ms", "s", "min", "h", "d"] as const;
const SHORT_ZH = ["毫秒", "秒", "分", "小时", "天"] as const;

export interface TimeOptions {
  locale: string;
  /** Default: the viewer's. */
  zone?: string | undefined;
  /** Whether to show seconds. */
  seconds?: boolean;
  /** What counts as today; ms. Default: the clock. */
  now?: number;
}

/** As short as it can be without doubt: `14:05` today, `Mar 5, 14:05` this year, else with the year. 24 hours. */
export function formatTime(ms: number, options: TimeOptions): string {
  const { locale, zone, seconds = false, now = Date.now() } = options;
  const day = dayKey(ms, zone);
  const today = dayKey(now, zone);
  return dateFormat(locale, {
    timeZone: zone,
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds && { second: "2-digit" }),
    ...(day !== today && { month: "short", day: "numeric" }),
    ...(day.slice(0, 4) !== today.slice(0, 4) && { year: "numeric" }),
  }).format(ms);
}

/** A date and a time with all of their parts, for Intl. */
export const TO_THE_MILLISECOND = {
  hourCycle: "h23",
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
} as const satisfies Intl.DateTimeFormatOptions;

/** Everything there is to know, for a hover: `Wed, Mar 5, 2025, 14:05:06.123 Asia/Shanghai (+08:00)`. */
export function exactTime(ms: number, options: { locale: string; zone?: string | undefined }): string {
  const zone = options.zone ?? viewerZone();
  const text = dateFormat(options.locale, {
    timeZone: zone,
    weekday: "short",
    ...TO_THE_MILLISECOND,
  }).format(ms);
  return `${text} ${zone} (${offsetOf(ms, zone)})`;
}

/** `in 5 min.`, `3 min. ago`, `yesterday` (by the calendar of `zone`), `2 mo. ago`. */
export function relativeTime(ms: number, now: number, locale: string, zone?: string): string {
  const delta = ms - now;
  const size = Math.abs(delta);
  const say = (value: number, unit: Intl.RelativeTimeFormatUnit) =>
    // "last month" for 40 days ago would be a guess.
    relativeFormat(locale, {
      style: "short",
      numeric: unit === "second" || unit === "day" ? "auto" : "always",
    }).format(Math.trunc(value), unit);
  if (size < MINUTE_MS) return say(delta / SECOND_MS, "second");
  if (size < HOUR_MS) return say(delta / MINUTE_MS, "minute");
  if (size < DAY_MS) return say(delta / HOUR_MS, "hour");
  const days = daysBetween(now, ms, zone);
  if (Math.abs(days) < MONTH_DAYS) return say(days, "day");
  if (Math.abs(days) < YEAR_DAYS) return say(days / MONTH_DAYS, "month");
  return say(days / YEAR_DAYS, "year");
}

/** A length of time in its two largest units: `850 ms`, `12.3 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number, locale: string): string {
  if (ms < 0) return `-${formatDuration(-ms, locale)}`;
  const units = locale.startsWith("zh") ? SHORT_ZH : SHORT;
  // Rounded before the unit is chosen, so that there are no 1,000 ms and no 60 s.
  const milliseconds = Math.round(ms);
  if (milliseconds < SECOND_MS) return `${milliseconds} ${units[0]}`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${formatNumber(tenths / 10, locale, 1)} ${units[1]}`;
  const pair = (count: number, base: number, large: string, small: string) => {
    const [whole, rest] = [Math.floor(count / base), count % base];
    return `${formatNumber(whole, locale)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
  };
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 3600) return pair(seconds, 60, units[2], units[1]);
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 24 * 60) return pair(minutes, 60, units[3], units[2]);
  return pair(Math.round(ms / HOUR_MS), 24, units[4], units[3]);
}
