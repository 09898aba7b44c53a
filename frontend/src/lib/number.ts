/** Numbers for people. */

import { numberFormat } from "./intl";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `12,345.6`; at most `digits` after the point. */
export function formatNumber(value: number, locale: string, digits = 0): string {
  return numberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** `1.2K`, in Chinese `1.2万`: for axes and badges. */
export function formatCompact(value: number, locale: string): string {
  return numberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** Bytes as `512 B`, `1.5 KiB`, `256 MiB`. */
export function formatBytes(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  // What would round to 1024 belongs to the next unit.
  while (Math.abs(value) >= (unit ? 1023.95 : 1024) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${formatNumber(value, locale, unit ? 1 : 0)} ${UNITS[unit] ?? ""}`;
}

/** A ratio (0 to 1) as `12.3%`. Only nothing is 0%, and only all is 100%: the rest is `<0.1%` or `>99.9%`. */
export function formatPercent(ratio: number, locale: string): string {
  const format = numberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  if (ratio > 0 && ratio < 0.001) return `<${format.format(0.001)}`;
  if (ratio < 1 && ratio > 0.999) return `>${format.format(0.999)}`;
  return format.format(ratio);
}
