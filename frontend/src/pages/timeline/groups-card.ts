/** The next 24 hours by group and quarter of an hour; a click chooses the group. */

import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace } from "../../ui/dom";
import { busiest, HOUR_MS, MINUTE_MS, quarterLine, type Line } from "./buckets";
import { clock, dayClock, span } from "./clock";
import { HeatMap } from "./heat-map";
import { legend } from "./legend";
import { card, firesText, groupName, type Planned } from "./planned";
import { thresholds } from "./scale";
import { FigureTable } from "./tables";

const QUARTER_MS = 15 * MINUTE_MS;
const LABEL_HOURS = 2;

export class GroupsCard {
  readonly element: HTMLElement;
  private readonly legend = h("div");
  private readonly map: HeatMap;
  private readonly table = new FigureTable(t("timeline:groups.title"), [
    t("timeline:table.group"),
    t("timeline:table.fires"),
    t("timeline:table.busiestQuarter"),
    t("timeline:table.then"),
  ]);
  private groups: Planned["all"]["groups"] = [];
  private lines: Line[] = [];

  /** `choose` gets "" for the jobs without a group. */
  constructor(choose: (group: string) => void) {
    this.map = new HeatMap({
      label: t("timeline:groups.label"),
      help: t("timeline:groups.help"),
      words: (row, column, count) => {
        const at = (this.lines[row]?.start ?? 0) + column * QUARTER_MS;
        return `${this.nameOf(row)} · ${span(at, at + QUARTER_MS)} · ${firesText(count)}`;
      },
      choose: (row) => choose(this.groups[row]?.group ?? ""),
    });
    this.element = card(
      "groups",
      t("timeline:groups.title"),
      this.legend,
      h("div.card-body.pt-2", null, this.map.element, this.table.element),
    );
  }

  update({ all, group: chosen }: Planned): void {
    this.groups = all.groups;
    this.element.hidden = !all.groups.length;
    const start = Date.parse(all.start);
    this.lines = all.groups.map(({ fires }) => quarterLine({ start, fires }));
    const [first] = this.lines;
    if (!first) return;
    const steps = thresholds(this.lines.flatMap(({ cells }) => cells.map((cell) => cell ?? 0)));
    replace(this.legend, legend(steps));
    this.map.update(
      {
        rows: all.groups.map(({ group, total }, row) => ({
          label: groupName(group),
          title: groupName(group),
          cells: this.lines[row]?.cells ?? [],
          total: formatNumber(total, locale()),
          chosen: chosen === (group ?? ""),
        })),
        ticks: first.cells.flatMap((_, column) => {
          const at = first.start + column * QUARTER_MS;
          return at % (LABEL_HOURS * HOUR_MS) === 0 ? [{ column, label: clock(at) }] : [];
        }),
      },
      steps,
    );
    this.table.update(() =>
      all.groups.map(({ total }, row) => {
        const line = this.lines[row] ?? first;
        const { place, count } = busiest(line);
        const then = dayClock(line.start + place * QUARTER_MS);
        return [this.nameOf(row), formatNumber(total, locale()), then, formatNumber(count, locale())];
      }),
    );
  }

  private nameOf(row: number): string {
    return groupName(this.groups[row]?.group ?? null);
  }
}
