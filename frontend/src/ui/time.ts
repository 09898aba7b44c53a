/** Times and durations that stay right while the page is open; the exact value on hover. */

import { serverNow } from "../api/clock";
import { locale, t } from "../i18n";
import { dayKey, exactTime, formatDuration, formatTime, relativeTime } from "../lib/time";
import { h } from "./dom";

const TICK_MS = 1_000;

export { serverNow };

/** The first two change all the time, those of a day only when another has begun. */
type Kind = "relative" | "elapsed" | "minute" | "second";

/** An ISO 8601 time of the API as epoch ms. */
export function ms(iso: string): number {
  return Date.parse(iso);
}

/** `14:03` or `12 Nov 14:03`, in the viewer's zone. Null gives a dash. */
export function time(iso: string | null | undefined, { seconds = false } = {}): HTMLElement {
  return iso ? ticking(iso, seconds ? "second" : "minute") : none();
}

/** `3 min ago`, `in 5 min`, renewed as time goes by. */
export function ago(iso: string | null | undefined): HTMLElement {
  return iso ? ticking(iso, "relative") : none();
}

/** How long ago it began: `1 min 3 s`, counting up. */
export function elapsed(iso: string | null | undefined): HTMLElement {
  return iso ? ticking(iso, "elapsed") : none();
}

/** `duration(start, end)`; counting up while there is no end, a dash while there is no start. */
export function duration(start: string | null | undefined, end: string | null | undefined): HTMLElement {
  if (!start) return none();
  if (!end) return elapsed(start);
  return h("span.text-nowrap", null, formatDuration(Math.max(0, ms(end) - ms(start)), locale()));
}

function none(): HTMLElement {
  return h("span.text-body-secondary", { title: t("none") }, "–");
}

function ticking(iso: string, kind: Kind): HTMLElement {
  const title = exactTime(ms(iso), { locale: locale() });
  return h("time.text-nowrap", { datetime: iso, title, "data-tick": kind }, words(iso, kind));
}

function words(iso: string, kind: Kind): string {
  const [at, now] = [ms(iso), serverNow()];
  if (kind === "relative") return relativeTime(at, now, locale());
  if (kind === "elapsed") return formatDuration(Math.max(0, now - at), locale());
  return formatTime(at, { locale: locale(), seconds: kind === "second", now });
}

let today = dayKey(serverNow());

setInterval(() => {
  if (document.hidden) return;
  const day = dayKey(serverNow());
  const due = day === today ? "[data-tick=relative], [data-tick=elapsed]" : "[data-tick]";
  today = day;
  for (const each of document.querySelectorAll<HTMLTimeElement>(`time:is(${due})`)) {
    const text = words(each.dateTime, each.dataset.tick as Kind);
    if (each.textContent !== text) each.textContent = text;
  }
}, TICK_MS);
