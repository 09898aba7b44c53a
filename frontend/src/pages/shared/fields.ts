/** The fields of a job in words. */

import { locale, t } from "../../i18n";
import { formatBytes, formatNumber } from "../../lib/number";
import { exactTime, formatDuration } from "../../lib/time";

/** What the field `path` (`limits.memoryMb`) is called; the path itself for one that the console does not know. */
export function fieldLabel(path: string): string {
  const found: unknown = t(`fields:${path}` as "fields:name", { returnObjects: true, defaultValue: "" });
  return (typeof found === "string" && found) || path;
}

/** What the choice `value` of the field `path` means; the value itself for fields without choices. */
export function choiceLabel(path: string, value: string): string {
  return t(`fields:choices.${path}.${value}` as "fields:name", { defaultValue: "" }) || value;
}

/** A value of the field `path` for people; null and empty text, lists and maps are `null`. */
export function valueText(path: string, value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return numberText(path, value);
  if (typeof value === "string") {
    if (/^(startsAt|endsAt)$/.test(path) && !Number.isNaN(Date.parse(value)))
      return exactTime(Date.parse(value), { locale: locale() });
    return choiceLabel(path, value);
  }
  if (Array.isArray(value)) return value.length ? value.join("\n") : null;
  if (typeof value === "object") {
    const lines = Object.entries(value).map(([name, part]) => `${name}=${String(part)}`);
    return lines.length ? lines.join("\n") : null;
  }
  return JSON.stringify(value);
}

function numberText(path: string, value: number): string {
  if (path.endsWith("Seconds")) return formatDuration(value * 1000, locale());
  if (path.endsWith("Bytes")) return formatBytes(value, locale());
  if (path.endsWith("Mb")) return formatBytes(value * 1_048_576, locale());
  return formatNumber(value, locale(), 3);
}
