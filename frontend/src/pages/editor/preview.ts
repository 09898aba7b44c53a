/** What a schedule means, asked of the server while it is typed: words, next fires, and notes on clock changes. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError, isAbort } from "../../api/problem";
import { problemText } from "../../app/problems";
import { locale, t } from "../../i18n";
import { dateFormat } from "../../lib/intl";
import { isZone, offsetOf, viewerZone } from "../../lib/time";
import { h, replace } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { ago, ms } from "../../ui/time";

const WAIT_MS = 250;

export class Preview {
  readonly element: HTMLElement;
  /** Read out when it changes; the times below it change all the while. */
  private readonly words = h("div", { role: "status" });
  private readonly fires = h("div");
  private asking = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = "";

  /** `refused` gets the server's error about the schedule, null once it is good. */
  constructor(
    private readonly signal: AbortSignal,
    private readonly refused: (error: ApiError | null) => void,
  ) {
    this.element = h("section.preview", { "aria-label": t("editor:preview") }, this.words, this.fires);
    signal.addEventListener("abort", () => this.stop());
    this.hint();
  }

  /** Ask about `wanted` soon, unless it is what was asked last. */
  show(wanted: Schemas["PreviewRequest"]): void {
    const key = JSON.stringify(wanted);
    if (key === this.asked) return;
    this.asked = key;
    this.stop();
    if (!wanted.cronExpr) {
      this.refused(null);
      this.hint();
      return;
    }
    this.element.setAttribute("aria-busy", "true");
    this.timer = setTimeout(() => void this.ask(wanted), WAIT_MS);
  }

  private async ask(wanted: Schemas["PreviewRequest"]): Promise<void> {
    this.asking = new AbortController();
    const signal = AbortSignal.any([this.signal, this.asking.signal]);
    try {
      const found = await call(() => api.POST("/api/v1/schedules/preview", { body: wanted, signal }));
      this.refused(null);
      this.draw(found);
    } catch (error) {
      if (isAbort(error)) return;
      const about = error instanceof ApiError && error.fields.length > 0;
      this.refused(about ? error : null);
      // What failed for now is asked again with the next key.
      if (!about) this.asked = "";
      this.say("alertTriangle", about ? t("editor:noSchedule") : problemText(error));
    }
    this.element.removeAttribute("aria-busy");
  }

  private hint(): void {
    this.element.removeAttribute("aria-busy");
    this.say("calendar3", t("editor:previewHint"));
  }

  /** Words alone: there are no fires to show. */
  private say(symbol: IconName, text: string): void {
    replace(this.words, h("p.preview-hint.mb-0", null, icon(symbol), " ", text));
    replace(this.fires);
  }

  private draw({ description, timezone, next, dstNotes }: Schemas["Preview"]): void {
    replace(
      this.words,
      h("p.preview-words", null, description),
      !next.length && h("p.said-bad", null, t("editor:neverFires")),
    );
    replace(
      this.fires,
      next.length > 0 && fireTable(timezone, next),
      dstNotes.map((note) => h("p.preview-note", null, icon("info"), h("span", null, note))),
    );
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.asking.abort();
  }
}

/** Zones that show the same clock are one column. */
function fireTable(zone: string, fires: readonly Schemas["PreviewFire"][]): HTMLElement {
  const columns = [
    { name: zone, title: t("editor:jobsZone"), zone },
    { name: viewerZone(), title: t("editor:yourZone"), zone: viewerZone() },
    { name: "UTC", title: "UTC", zone: "UTC" },
  ].filter(
    (column, index, all) => all.findIndex((other) => sameClock(other.zone, column.zone, fires)) === index,
  );
  return h(
    "div.table-responsive",
    { tabindex: "0", role: "region", "aria-label": t("editor:nextFires") },
    h(
      "table.table.table-sm.mb-0.fires",
      null,
      h("caption.visually-hidden", null, t("editor:nextFires")),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map(({ name, title }) => h("th", { scope: "col", title }, name)),
          h("th", { scope: "col" }, t("editor:when")),
        ),
      ),
      h(
        "tbody",
        null,
        fires.map((fire, index) => {
          const offset = fire.local.slice(-6);
          const before = fires[index - 1]?.local.slice(-6) ?? offset;
          return h(
            "tr",
            null,
            columns.map((column, place) =>
              h(
                "td.num.text-nowrap",
                { title: place ? null : fire.local },
                clockText(fire, column.zone, place === 0),
                !place && offset !== before && h("span.chip.ms-1", null, offset),
              ),
            ),
            h("td.text-body-secondary.text-nowrap", null, ago(fire.utc)),
          );
        }),
      ),
    ),
  );
}

function sameClock(one: string, other: string, fires: readonly Schemas["PreviewFire"][]): boolean {
  if (one === other) return true;
  if (!isZone(one) || !isZone(other)) return false;
  return fires.every(({ utc }) => offsetOf(ms(utc), one) === offsetOf(ms(utc), other));
}

/** `Mon 2 Mar, 02:30`, with seconds and the year where they say something; the day of the week stands `first` only. */
function clockText(fire: Schemas["PreviewFire"], zone: string, first: boolean): string {
  // A browser may not know the zone; the server has told its clock.
  const known = isZone(zone);
  const at = known ? ms(fire.utc) : Date.parse(`${fire.local.slice(0, 19)}Z`);
  return dateFormat(locale(), {
    timeZone: known ? zone : "UTC",
    hourCycle: "h23",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...(fire.utc.slice(17, 19) !== "00" && { second: "2-digit" }),
    ...(first && { weekday: "short" }),
    ...(first && fire.local.slice(0, 4) !== String(new Date().getFullYear()) && { year: "numeric" }),
  }).format(at);
}
