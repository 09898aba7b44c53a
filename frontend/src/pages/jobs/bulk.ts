/** One action on many jobs, a stretch at a time, so that there is progress to show and a way to stop. No DOM. */

import type { Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";

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
  /** Jobs that may have been run or not: the answer was lost, and to ask again could run them twice. */
  unknown = 0;
  readonly failures: Schemas["BulkItem"][] = [];
  private readonly names: string[] | null;
  private readonly filter: Schemas["JobSelection"] | null;
  private cursor: string | null = null;
  private over = false;
  private stuck = false;
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

  /** Jobs that have been asked for, whether or not there was an answer. */
  get tried(): number {
    return this.done + this.unchanged + this.failures.length + this.unknown;
  }

  get finished(): boolean {
    return this.over;
  }

  /** Whether `go` has something left to do that is not done twice by it. */
  get canGoOn(): boolean {
    return !this.over && !this.stuck;
  }

  /** End after the stretch under way. */
  stop(): void {
    this.stopped = true;
  }

  /**
   * Work until all is done or `stop` is called; `progress` hears of each stretch. A call that fails ends it with its
   * error; where `canGoOn`, `go` again goes on from there.
   */
  async go(progress: () => void): Promise<void> {
    this.stopped = false;
    while (this.canGoOn && !this.halted()) {
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
    const stretch = names.splice(0, STRETCH);
    try {
      this.take((await this.ask({ action: this.action, names: stretch, ...this.retag })).items);
    } catch (error) {
      if (this.repeatable(error)) names.unshift(...stretch);
      else this.unknown += stretch.length;
      throw error;
    } finally {
      this.over = names.length === 0;
    }
  }

  private async byFilter(): Promise<void> {
    const { items, total, next } = await this.ask({
      action: this.action,
      filter: this.filter,
      limit: STRETCH,
      ...(this.cursor !== null && { cursor: this.cursor }),
      ...this.retag,
    }).catch((error: unknown) => {
      if (this.repeatable(error)) throw error;
      // Where the next stretch begins stood in the answer.
      this.stuck = true;
      this.unknown += Math.min(STRETCH, this.total - this.tried);
      throw error;
    });
    this.take(items);
    // Deleting, or a filter of what the action changes, makes the rest smaller, not the whole.
    this.total = Math.max(this.total, total, this.tried);
    this.cursor = next;
    if (next === null) {
      this.over = true;
      this.total = this.tried;
    }
  }

  /** Every action but a run can be done again without harm, and what was refused has not been done. */
  private repeatable(error: unknown): boolean {
    return this.action !== "run" || (error instanceof ApiError && error.status >= 400 && error.status < 500);
  }

  private take(items: readonly Schemas["BulkItem"][]): void {
    for (const item of items) {
      if (item.result === "failed") this.failures.push(item);
      else this[item.result] += 1;
    }
  }
}
