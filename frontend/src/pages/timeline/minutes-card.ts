/** The next 24 hours minute by minute: a row an hour, so that what happens at :00 stands in one column. */

import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { busiest, groupsAt, hourLines, MINUTE_MS, minutesOfHour, type Line } from "./buckets";
import { clock, dayClock, hourLabel } from "./clock";
import { HeatMap } from "./heat-map";
import { legend } from "./legend";
import { card, firesText, groupLinks, type Planned } from "./planned";
import { thresholds } from "./scale";
import { FigureTable } from "./tables";

const TICKS = Array.from({ length: 12 }, (_, place) => 5 * place);

export class MinutesCard {
  readonly element: HTMLElement;
  private readonly legend = h("div");
  private readonly place = h("div");
  private readonly bars = h("div.minute-bars", { "aria-hidden": "true" });
  private readonly chosen = h("div.minute-detail", { "aria-live": "polite" }, t("timeline:minutes.hint"));
  private readonly map: HeatMap;
  private readonly table = new FigureTable(t("timeline:minutes.title"), [
    t("timeline:table.hour"),
    t("timeline:table.fires"),
    t("timeline:table.busiest"),
    t("timeline:table.then"),
  ]);
  private readonly body: HTMLElement;
  private data: Planned | null = null;
  private hours: Line[] = [];
  /** Epoch ms of the minute whose groups are named. */
  private minute: number | null = null;

  constructor() {
    this.map = new HeatMap({
      label: t("timeline:minutes.label"),
      help: t("timeline:minutes.help"),
      words: (row, column, count) => `${dayClock(this.timeOf(row, column))} · ${firesText(count)}`,
      choose: (row, column) => this.choose(this.timeOf(row, column)),
    });
    this.body = h(
      "div.card-body.pt-2",
      null,
      h(
        "div.heat.heat-sums",
        null,
        h("span.heat-label", { title: t("timeline:minutes.sumTitle") }, t("timeline:minutes.sum")),
        this.bars,
      ),
      this.map.element,
      this.chosen,
      this.table.element,
    );
    this.element = card("minutes", t("timeline:minutes.title"), this.legend, this.place);
  }

  update(data: Planned): void {
    this.data = data;
    this.hours = hourLines(data.own);
    const steps = thresholds(data.own.fires);
    replace(this.legend, steps.length > 0 && legend(steps));
    if (!steps.length) {
      replace(
        this.place,
        emptyState("calendar3", t("timeline:minutes.empty"), t("timeline:minutes.emptyText")),
      );
      return;
    }
    if (!this.body.isConnected) replace(this.place, this.body);
    this.drawBars();
    const rows = this.hours.map(({ start, cells, total }, row) => ({
      label: hourLabel(start, row === 0),
      cells,
      total: formatNumber(total, locale()),
    }));
    this.map.update({ rows, ticks: TICKS.map((column) => ({ column, label: minuteLabel(column) })) }, steps);
    this.drawMinute();
    this.table.update(() =>
      this.hours.map((hour) => {
        const { place, count } = busiest(hour);
        const then = count ? clock(hour.start + place * MINUTE_MS) : "–";
        return [
          dayClock(hour.start),
          formatNumber(hour.total, locale()),
          then,
          formatNumber(count, locale()),
        ];
      }),
    );
  }

  /** Name the groups that fire in the minute at `at`. */
  choose(at: number): void {
    this.minute = at;
    this.drawMinute();
  }

  /** All hours together, above the columns of the map. */
  private drawBars(): void {
    const counts = minutesOfHour(this.hours);
    const top = Math.max(1, ...counts);
    replace(
      this.bars,
      counts.map((count, minute) =>
        h("span", {
          css: { "--height": `${(100 * count) / top}%` },
          title: t("timeline:minutes.ofHour", { minute: minuteLabel(minute), fires: firesText(count) }),
        }),
      ),
    );
  }

  private drawMinute(): void {
    if (!this.data || this.minute === null) return;
    const { all, own, group } = this.data;
    const place = (this.minute - own.start) / MINUTE_MS;
    const count = own.fires[place];
    if (count === undefined) {
      replace(this.chosen, t("timeline:minutes.hint"));
      return;
    }
    const groups = group === null ? groupsAt(all.groups, place) : [{ group: group || null, count }];
    replace(
      this.chosen,
      h("b.me-2", null, `${dayClock(this.minute)} · ${firesText(count)}`),
      count > 0 && groupLinks(groups),
    );
  }

  private timeOf(row: number, column: number): number {
    return (this.hours[row]?.start ?? 0) + column * MINUTE_MS;
  }
}

function minuteLabel(minute: number): string {
  return `:${String(minute).padStart(2, "0")}`;
}
