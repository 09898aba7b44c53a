/** One action on many jobs, a stretch at a time, so that there is progress to show and a way to stop. No DOM. */

import type { Schemas } from "../../api/client";

export type BulkAction = Schemas["BulkAction"];
export type Retag = Pick<Schemas["BulkRequest"], "addTags" | "removeTags"> & { group?: string | null };

/** Which jobs: these, or all that a filter finds. */
export type Target = { names: readonly string[] } | { filter: Schemas["JobSelection"] };

/** The body of one call; what is absent has its default. */
export type BulkCall = Partial<Schemas["BulkRequest"]> & Pick<Schemas["BulkRequest"], "action">;
type Ask = (body: BulkCall) => Promise<Schemas["BulkAnswer"]>;

const STRETCH = 100; // jobs a call

export class BulkRun {
  total: number;
  done = 0;
  unchanged = 0;
  readonly failures: Schemas["BulkItem"][] = [];
  private readonly names: string[] | null;
  private readonly filter: Schemas["JobSelection"] | null;
  private cursor: string | null = null;
  private over = false;
  private stopped = false;

  /** `total`: how many jobs it is about, as far as known. */
  constructor(
    readonly action: BulkAction,
    target: Target,
    total: number,
    private readonly ask: Ask,
    private readonly retag: Retag = {},
  ) {
    this.names = "names" in target ? [...target.names] : null;
    this.filter = "filter" in target ? target.filter : null;
    this.total = total;
  }

  /** Jobs that have an answer. */
  get answered(): number {
    return this.done + this.unchanged + this.failures.length;
  }

  get finished(): boolean {
    return this.over;
  }

  /** End after the stretch under way. */
  stop(): void {
    this.stopped = true;
  }

  /**
   * Work until all is done or `stop` is called; `progress` hears of each stretch. A call that fails ends it with its
   * error; `go` again goes on from there.
   */
  async go(progress: () => void): Promise<void> {
    this.stopped = false;
    while (!this.over && !this.halted()) {
      if (this.names) await this.byName(this.names);
      else await this.byFilter();
      progress();
    }
  }

  /** What failed, once more. */
  again(): BulkRun {
    const names = this.failures.map(({ name }) => name);
    return new BulkRun(this.action, { names }, names.length, this.ask, this.retag);
  }

  private halted(): boolean {
    return this.stopped;
  }

  private async byName(names: string[]): Promise<void> {
    const stretch = names.slice(0, STRETCH);
    const { items } = await this.ask({ action: this.action, names: stretch, ...this.retag });
    this.take(items);
    names.splice(0, stretch.length);
    this.over = names.length === 0;
  }

  private async byFilter(): Promise<void> {
    const { items, total, next } = await this.ask({
      action: this.action,
      filter: this.filter,
      limit: STRETCH,
      ...(this.cursor !== null && { cursor: this.cursor }),
      ...this.retag,
    });
    this.take(items);
    // Deleting, or a filter of what the action changes, makes the rest smaller, not the whole.
    this.total = Math.max(this.total, total, this.answered);
    this.cursor = next;
    if (next === null) {
      this.over = true;
      this.total = this.answered;
    }
  }

  private take(items: readonly Schemas["BulkItem"][]): void {
    for (const item of items) {
      if (item.result === "failed") this.failures.push(item);
      else this[item.result] += 1;
    }
  }
}
