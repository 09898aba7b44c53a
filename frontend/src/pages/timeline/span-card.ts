/** The single runs of a span of time, worker by worker, each a bar from start to end and a link. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { href } from "../../app/address";
import { problemText } from "../../app/problems";
import { isAbort } from "../../api/problem";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { formatDuration } from "../../lib/time";
import { h, newId, replace, svg, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { emptyState, errorState, loadingState } from "../../ui/states";
import { serverNow } from "../../ui/time";
import { clock, clockSeconds, offsetMs, span } from "./clock";
import { pack } from "./pack";
import { runBars, ticks, type RunBar, type Window } from "./work";

const MOST = 500;
const LEAST = 1 / 300; // of the span: what a short run is drawn as
const TICKS = 10;
const LANE_PX = 160; // what a lane takes at most, while its rows are not thinner than the least
const ROW_PX = { least: 4, most: 10 };

export interface Chosen extends Window {
  /** "" is all workers. */
  worker: string;
}

export class SpanCard {
  readonly element: HTMLElement;
  private readonly title = h("h2", { id: newId("span"), tabindex: "-1" });
  private readonly worker = h("select.form-select.form-select-sm.w-auto", {
    "aria-label": t("timeline:span.worker"),
  });
  private readonly body = h("div.span-body");
  private chosen: Chosen | null = null;
  private asked = 0;
  private workers: readonly string[] = [];

  /** `change` is told of another worker, or with null that the card was closed. */
  constructor(
    private readonly context: PageContext,
    change: (chosen: Chosen | null) => void,
  ) {
    this.worker.addEventListener("change", () => {
      if (this.chosen) change({ ...this.chosen, worker: this.worker.value });
    });
    this.element = h(
      "section.card",
      { "data-card": "span", "aria-labelledby": this.title.id, hidden: true },
      h(
        "div.card-head",
        null,
        this.title,
        this.worker,
        h(
          "button.btn.btn-sm.btn-outline-secondary",
          { type: "button", title: t("close"), "aria-label": t("close"), on: { click: () => change(null) } },
          icon("x"),
        ),
      ),
      this.body,
    );
  }

  /** Workers to choose from, beside the one chosen. */
  offer(workers: readonly string[]): void {
    this.workers = workers;
    if (this.chosen) this.fillWorkers(this.chosen.worker);
  }

  /** Show the runs of `chosen`; null hides the card. */
  async show(chosen: Chosen | null): Promise<void> {
    const before = this.chosen;
    this.chosen = chosen;
    this.element.hidden = !chosen;
    this.asked += 1;
    if (!chosen) return;
    const turn = this.asked;
    replace(this.title, t("timeline:span.title", { span: span(chosen.from, chosen.until) }));
    if (before?.from !== chosen.from || before.until !== chosen.until) {
      replace(this.body, loadingState());
    }
    this.fillWorkers(chosen.worker);
    try {
      const page = await this.load(chosen);
      if (turn === this.asked) this.draw(page, chosen);
    } catch (error) {
      if (!isAbort(error) && turn === this.asked)
        replace(
          this.body,
          errorState(problemText(error), () => void this.show(this.chosen)),
        );
    }
  }

  private load({ from, until, worker }: Chosen): Promise<Schemas["RunListPage"]> {
    const query = {
      since: new Date(from).toISOString(),
      until: new Date(until).toISOString(),
      worker: worker || null,
      limit: MOST,
    };
    return call(() => api.GET("/api/v1/runs", { params: { query }, signal: this.context.signal }));
  }

  private draw({ items, next }: Schemas["RunListPage"], chosen: Chosen): void {
    const bars = runBars(items.slice(0, MOST), serverNow());
    const workers = [...new Set(bars.map(({ worker }) => worker))].sort();
    if (!bars.length) {
      replace(this.body, emptyState("clockHistory", t("timeline:span.empty")));
      return;
    }
    const shown = { count: bars.length, number: formatNumber(bars.length, locale()) };
    replace(
      this.body,
      h(
        "p.card-note",
        { role: "status" },
        next === null ? t("timeline:span.all", shown) : t("timeline:span.more", shown),
        " ",
        h(
          "a",
          {
            href: href(
              "/runs",
              {},
              {
                since: new Date(chosen.from).toISOString(),
                until: new Date(chosen.until).toISOString(),
                worker: chosen.worker,
              },
            ),
          },
          t("timeline:span.list"),
        ),
      ),
      h(
        "div.span-lanes",
        { on: { keydown: (event) => move(event as KeyboardEvent) } },
        axis(chosen),
        workers.map((worker) =>
          lane(
            worker,
            bars.filter((bar) => bar.worker === worker),
            chosen,
          ),
        ),
      ),
    );
    this.body.querySelector(".run-bar")?.setAttribute("tabindex", "0");
  }

  private fillWorkers(chosen: string): void {
    const known = [...new Set([...this.workers, chosen])].filter(Boolean);
    replace(
      this.worker,
      h("option", { value: "" }, t("timeline:span.allWorkers")),
      known.map((worker) => h("option", { value: worker }, worker)),
    );
    this.worker.value = chosen;
  }
}

function axis(chosen: Window): HTMLElement {
  const width = chosen.until - chosen.from;
  return h(
    "div.span-axis",
    { "aria-hidden": "true" },
    ticks(chosen, TICKS, offsetMs(chosen.from)).map((at) =>
      h("span", { css: { left: `${(100 * (at - chosen.from)) / width}%` } }, clock(at)),
    ),
  );
}

function lane(worker: string, bars: readonly RunBar[], window: Window): Child {
  const width = window.until - window.from;
  const { rows, placed } = pack(bars, LEAST * width);
  const name = worker || t("timeline:work.noWorker");
  return h(
    "div.span-lane",
    { role: "group", "aria-label": name },
    h("div.heat-label", { title: name }, name),
    h(
      "div.span-picture",
      { css: { height: `${rows * rowPx(rows)}px` } },
      svg(
        "svg",
        { viewBox: `0 0 ${width} ${rows}`, preserveAspectRatio: "none" },
        placed.map(({ bar, row }) => barLink(bar, row, window)),
      ),
    ),
  );
}

function rowPx(rows: number): number {
  return Math.min(Math.max(LANE_PX / rows, ROW_PX.least), ROW_PX.most);
}

function barLink(bar: RunBar, row: number, { from, until }: Window): SVGElement {
  const least = LEAST * (until - from);
  const left = Math.min(Math.max(bar.start, from), until - least);
  const right = Math.min(Math.max(bar.end, left + least), until);
  const took = bar.started ? formatDuration(bar.end - bar.start, locale()) : t("timeline:span.notStarted");
  const words = `${bar.job} · ${t(`status.${bar.status}`)} · ${clockSeconds(bar.start)} · ${took}`;
  return svg(
    "a",
    { href: href("/runs/:id", { id: bar.id }), class: "run-bar", tabindex: "-1", "aria-label": words },
    svg(
      "rect.bar",
      {
        x: left - from,
        y: row + 0.08,
        width: right - left,
        height: 0.84,
        "data-status": bar.status,
        "data-started": String(bar.started),
      },
      svg("title", null, words),
    ),
  );
}

/** The bars are one tab stop; arrow keys go to the next by time. */
function move(event: KeyboardEvent): void {
  const bars = [...(event.currentTarget as HTMLElement).querySelectorAll<SVGElement>(".run-bar")];
  const place = bars.indexOf(event.target as SVGElement);
  if (place < 0) return;
  const to = {
    ArrowLeft: place - 1,
    ArrowUp: place - 1,
    ArrowRight: place + 1,
    ArrowDown: place + 1,
    Home: 0,
    End: bars.length - 1,
  }[event.key];
  const bar = to === undefined ? undefined : bars[to];
  if (!bar) return;
  event.preventDefault();
  bars[place]?.setAttribute("tabindex", "-1");
  bar.setAttribute("tabindex", "0");
  bar.focus();
}
