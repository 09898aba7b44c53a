/** The page of jobs that is shown: fetched when the view changes and when something has happened, without a jump. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError, isAbort } from "../../api/problem";
import type { PageContext } from "../../app/page";
import { writeView } from "../../lib/query";
import { gather, type Ask } from "../shared/gather";
import { pageQuery, SPEC, type JobsView, type Row } from "./view";

const LIVE_MS = 1_000;
const AGAIN_MS = 2_000; // until rows that had to wait are tried again
const SLOW_MS = 30_000; // next fires pass and jobs end without an event

type ListPage = Schemas["JobListPage"];

interface Found {
  view: JobsView;
  page: ListPage;
}

export interface ListOptions {
  /** The page changed; `moved` if it is another view than before. */
  draw: (moved: boolean) => void;
  /** The view could not be loaded. */
  fail: (error: unknown) => void;
  /** Whether the reader is at work on a row, so that none may move. */
  occupied: () => boolean;
}

export class JobList {
  page: ListPage = { items: [], total: 0, next: null, warnings: [] };
  /** The view that `page` is of; another one than `view` while that is being loaded. */
  shown: JobsView;
  private loading: AbortController | null = null;
  private readonly ask: Ask;

  constructor(
    private readonly context: PageContext,
    public view: JobsView,
    private readonly options: ListOptions,
  ) {
    this.shown = view;
    this.ask = gather(context, LIVE_MS, () => this.renew());
    const { on, every } = context;
    on("jobs", () => this.ask());
    on("reload", () => this.ask());
    on("running", () => this.ask());
    on("runs", ({ items }) => {
      const shown = new Set(this.page.items.map(({ name }) => name));
      if (this.byRuns || items.some(({ jobName }) => shown.has(jobName))) this.ask();
    });
    every(SLOW_MS, this.ask);
  }

  /** Fetch again soon. */
  refresh(): void {
    this.ask();
  }

  /** A job that is gone, as the reader knows before the list does. */
  drop(name: string): void {
    this.page = { ...this.page, items: this.page.items.filter((row) => row.name !== name) };
  }

  /** The first page of the view; throws what the router is to show. */
  async start(): Promise<void> {
    this.take(await this.fetch(this.view, this.context.signal));
  }

  /** Show another view. */
  async change(patch: Partial<JobsView>): Promise<void> {
    this.view = { ...this.view, cursor: null, ...patch };
    this.context.setQuery(writeView(SPEC, this.view));
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    try {
      this.take(await this.fetch(this.view, AbortSignal.any([loading.signal, this.context.signal])));
      this.options.draw(true);
    } catch (error) {
      if (!isAbort(error)) this.options.fail(error);
    } finally {
      if (this.loading === loading) this.loading = null;
    }
  }

  /** Whether runs change which jobs are shown, and in what order. */
  private get byRuns(): boolean {
    return this.view.lastStatus.length > 0 || /last|next/.test(this.view.sort);
  }

  private async renew(): Promise<void> {
    if (this.loading) return;
    const { view } = this;
    try {
      const found = await this.fetch(view, this.context.signal);
      if (view !== this.view) return;
      const { page } = found;
      const waits = this.options.occupied() && !sameRows(this.page, page);
      this.take({ ...found, page: waits ? inPlace(this.page, page) : page });
      this.options.draw(false);
      if (waits) setTimeout(this.ask, AGAIN_MS);
    } catch {
      // What is shown stays; that the server does not answer is said above the page.
    }
  }

  /** The page of `view`, or the first one where that is gone by now, as that of a link may be. */
  private async fetch(view: JobsView, signal: AbortSignal): Promise<Found> {
    const ask = async (of: JobsView) => ({
      view: of,
      page: await call(() => api.GET("/api/v1/jobs", { params: { query: pageQuery(of) }, signal })),
    });
    try {
      const found = await ask(view);
      if (found.page.items.length || view.cursor === null) return found;
    } catch (error) {
      const cursor = error instanceof ApiError && error.fields.some(({ field }) => field === "cursor");
      if (!cursor || view.cursor === null) throw error;
    }
    return ask({ ...view, cursor: null });
  }

  private take({ view, page }: Found): void {
    this.page = page;
    this.shown = view;
    if (view === this.view) return;
    this.view = view;
    this.context.setQuery(writeView(SPEC, view));
  }
}

function sameRows(one: ListPage, other: ListPage): boolean {
  return one.items.map(({ name }) => name).join("/") === other.items.map(({ name }) => name).join("/");
}

/** `fresh` without moving what is shown: rows stay where they are, with what is new about them. */
export function inPlace(shown: ListPage, fresh: ListPage): ListPage {
  const known = new Map<string, Row>(fresh.items.map((row) => [row.name, row]));
  return { ...fresh, items: shown.items.map((row) => known.get(row.name) ?? row) };
}
