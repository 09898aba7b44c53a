/** Times and durations that stay right while the page is open; the exact value on hover. */

import { locale, t } from "../i18n";
import { exactTime, formatDuration, formatTime, relativeTime } from "../lib/time";
import { h } from "./dom";

const TICK_MS = 1_000;

type Kind = "relative" | "elapsed";

/** An ISO 8601 time of the API as epoch ms. */
export function ms(iso: string): number {
  return Date.parse(iso);
}

/** `14:03` or `12 Nov 14:03`, in the viewer's zone. Null gives a dash. */
export function time(iso: string | null | undefined, { seconds = false } = {}): HTMLElement {
  if (!iso) return none();
  return element(iso, formatTime(ms(iso), { locale: locale(), seconds }));
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

function element(iso: string, text: string): HTMLElement {
  return h("time.text-nowrap", { datetime: iso, title: exactTime(ms(iso), { locale: locale() }) }, text);
}

function ticking(iso: string, kind: Kind): HTMLElement {
  const made = element(iso, words(iso, kind));
  made.dataset.tick = kind;
  return made;
}

function words(iso: string, kind: Kind): string {
  const now = Date.now() - skew;
  return kind === "relative"
    ? relativeTime(ms(iso), now, locale())
    : formatDuration(Math.max(0, now - ms(iso)), locale());
}

let skew = 0;

/** What the browser's clock is ahead of the server's, so that both count from the same moment. */
export function setServerTime(serverNow: number): void {
  const found = Date.now() - serverNow;
  skew = Math.abs(found) > 2_000 ? found : 0;
}

/** The server's time, epoch ms. */
export function serverNow(): number {
  return Date.now() - skew;
}

setInterval(() => {
  if (document.hidden) return;
  for (const each of document.querySelectorAll<HTMLTimeElement>("time[data-tick]")) {
    const text = words(each.dateTime, each.dataset.tick as Kind);
    if (each.textContent !== text) each.textContent = text;
  }
}, TICK_MS);
