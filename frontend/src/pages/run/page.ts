/** One run: how it went, what it printed, and while it goes on, all of that live. */

import { api, call, type Schemas } from "../../api/client";
import { ApiError, isAbort } from "../../api/problem";
import { href } from "../../app/address";
import type { Page, PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { gather } from "../shared/gather";
import { killRun, runAgain } from "../shared/run-actions";
import { command, type Job } from "./command";
import { facts } from "./facts";
import { head } from "./head";
import { neighbours, type Neighbours } from "./neighbours";
import { notice } from "./notice";
import { OutputFeed } from "./output-feed";
import "./run.css";
import { timeline } from "./timeline";

type RunDetail = Schemas["RunDetail"];

const LOOK_MS = 2_000;
const REFRESH_MS = 700;
const AROUND_MS = 5_000;
const RETRY_MS = 10_000;

const page: Page = async (context) => {
  const id = context.params.id ?? "";
  let run: RunDetail;
  try {
    run = await fetchRun(id, context.signal);
  } catch (error) {
    if (!(error instanceof ApiError && error.notFound)) throw error;
    missing(context);
    return;
  }
  context.title(t("run:title", { name: run.jobName }));
  new RunPage(context, run);
};

class RunPage {
  private readonly places = {
    head: h("div.page-head"),
    notice: h("div", { role: "status" }),
    timeline: h("div"),
    command: h("div"),
    facts: h("div"),
  };
  private readonly feed: OutputFeed;
  private readonly refresh: () => void;
  private job: Job | null = null;
  private around: Neighbours = { previous: null, next: null };
  /** This reader has ordered its end. */
  private killed = false;
  private recording = false;
  /** Something around the run could not be asked for. */
  private retry = false;
  private drawn = "";

  constructor(
    private readonly context: PageContext,
    private run: RunDetail,
  ) {
    this.refresh = gather(context, REFRESH_MS, () => this.look());
    this.feed = new OutputFeed(run.id, context.signal, this.refresh);
    const { places } = this;
    context.root.append(
      places.head,
      places.notice,
      h(
        "div.run-page",
        null,
        h("div.run-main", null, places.timeline, this.feed.panel.element),
        h("div.run-side", null, places.command, places.facts),
      ),
    );
    this.draw();
    const around = gather(context, AROUND_MS, () => this.lookAround());
    around();
    context.every(LOOK_MS, () => !this.final && this.refresh());
    context.on("running", () => !this.final && this.refresh());
    context.on("runs", ({ items }) => {
      // Also of one that was written off as lost: its real end may still come.
      if (items.some((item) => item.id === run.id)) this.refresh();
      if (!this.placed && items.some((item) => item.jobName === run.jobName)) around();
    });
    context.every(RETRY_MS, () => this.retry && around());
    context.on("reload", () => this.refresh());
  }

  private get final(): boolean {
    return this.run.status !== "queued" && this.run.status !== "running";
  }

  private async look(): Promise<void> {
    try {
      this.run = await fetchRun(this.run.id, this.context.signal);
      this.recording = false;
    } catch (error) {
      // Between its open record and its row there may be a moment without either.
      if (error instanceof ApiError && error.notFound && !this.final) this.recording = true;
      else if (isAbort(error)) return;
    }
    this.draw();
  }

  /** Whether all is known that can be: no later run comes between this one and the next. */
  private get placed(): boolean {
    return this.around.next !== null && this.job !== null;
  }

  /** Ask for what is not known yet. */
  private async lookAround(): Promise<void> {
    const { signal } = this.context;
    const [around, job] = await Promise.allSettled([
      this.around.next === null ? neighbours(this.run, signal) : this.around,
      this.job ?? fetchJob(this.run.jobName, signal),
    ]);
    if (signal.aborted) return;
    this.retry = around.status === "rejected" || job.status === "rejected";
    if (around.status === "fulfilled") this.around = around.value;
    if (job.status === "fulfilled") this.job = job.value;
    this.draw();
  }

  private draw(): void {
    const { run, job, around, killed, recording, places } = this;
    const state = JSON.stringify([{ ...run, output: "" }, job?.revision, around, killed, recording]);
    if (state === this.drawn) return;
    this.drawn = state;
    const actions = { kill: () => void this.kill(), again: () => void runAgain(run.id) };
    const focused = document.activeElement?.getAttribute("data-action");
    replace(places.head, head(run, { job, around, killed, actions }));
    if (focused && document.activeElement === document.body)
      places.head.querySelector<HTMLElement>(`[data-action="${focused}"]`)?.focus();
    replace(places.notice, notice(run, { killed, recording, graceSeconds: graceOf(job) }));
    replace(places.timeline, timeline(run));
    replace(places.command, command(run, job));
    replace(places.facts, facts(run));
    this.feed.show(run);
  }

  private async kill(): Promise<void> {
    this.killed = await killRun(this.run.id, this.run.jobName);
    this.draw();
    this.refresh();
  }
}

function fetchRun(id: string, signal: AbortSignal): Promise<RunDetail> {
  return call(() => api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal }));
}

/** Null: it is gone. */
async function fetchJob(name: string, signal: AbortSignal): Promise<Job | null> {
  try {
    return await call(() => api.GET("/api/v1/jobs/{name}", { params: { path: { name } }, signal }));
  } catch (error) {
    if (error instanceof ApiError && error.notFound) return null;
    throw error;
  }
}

function graceOf(job: Job | null): number | null {
  return job && "killGraceSeconds" in job ? job.killGraceSeconds : null;
}

function missing({ root, title }: PageContext): void {
  title(t("run:missing"));
  root.append(
    h("div.page-head", null, h("h1", null, t("run:missing"))),
    emptyState(
      "search",
      t("run:missing"),
      h("p", null, t("run:missingHelp")),
      h("a.btn.btn-sm.btn-outline-secondary", { href: href("/runs") }, t("run:toRuns")),
    ),
  );
}

export default page;
