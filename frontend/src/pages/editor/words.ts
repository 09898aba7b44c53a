/** Numbers of the form for people. */

import { locale } from "../../i18n";
import { formatBytes } from "../../lib/number";
import { formatDuration } from "../../lib/time";

/** From a minute on; below that the number says it. */
export function seconds(value: number): string {
  return value >= 60 && Number.isFinite(value) ? formatDuration(value * 1000, locale()) : "";
}

export function bytes(value: number): string {
  return value >= 1024 && Number.isFinite(value) ? formatBytes(value, locale()) : "";
}

export function megabytes(value: number): string {
  return value >= 1024 && Number.isFinite(value) ? formatBytes(value * 1_048_576, locale()) : "";
}
