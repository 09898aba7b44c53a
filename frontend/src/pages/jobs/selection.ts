/** Which jobs are chosen: some by name, on any page, or all that the filter finds. Pure. */

export class Selection {
  private readonly names = new Set<string>();
  private everything = false;
  private anchor: string | null = null;

  /** Whether all jobs of the filter are chosen, seen or not. */
  get all(): boolean {
    return this.everything;
  }

  get chosen(): readonly string[] {
    return [...this.names];
  }

  get empty(): boolean {
    return !this.everything && this.names.size === 0;
  }

  /** How many, of `total` that the filter finds. */
  count(total: number): number {
    return this.everything ? total : this.names.size;
  }

  has(name: string): boolean {
    return this.everything || this.names.has(name);
  }

  /**
   * `name` was clicked on a page that shows `page`, in this order. With `range` the same is done with everything
   * between it and the one clicked before.
   */
  click(name: string, on: boolean, page: readonly string[], range = false): void {
    if (this.everything) {
      // Taking one out of all leaves those that can be seen.
      this.everything = false;
      for (const each of page) this.names.add(each);
    }
    const [from, to] = [range && this.anchor !== null ? page.indexOf(this.anchor) : -1, page.indexOf(name)];
    const touched = from < 0 ? [name] : page.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of touched) this.set(each, on);
    this.anchor = name;
  }

  /** All of a page at once. */
  page(names: readonly string[], on: boolean): void {
    this.everything = false;
    for (const each of names) this.set(each, on);
    this.anchor = null;
  }

  chooseAll(): void {
    this.names.clear();
    this.everything = true;
  }

  clear(): void {
    this.names.clear();
    this.everything = false;
    this.anchor = null;
  }

  /** Jobs that are gone cannot be chosen. */
  forget(name: string): void {
    this.names.delete(name);
  }

  private set(name: string, on: boolean): void {
    if (on) this.names.add(name);
    else this.names.delete(name);
  }
}
