/** Previous and next page of a list that the API continues by cursor. */

import { t } from "../i18n";
import { h, replace } from "./dom";
import { icon } from "./icons";

export class Pager {
  readonly element = h("nav.pager", { "aria-label": t("pages") });
  /** Cursors of the pages before this one; null is the first page. */
  private before: (string | null)[] = [];
  private next: string | null = null;
  /** Where the reader was at the last `update`. */
  private kept: { cursor: string | null; before: (string | null)[] };

  /** `change(cursor)` is to load the page of that cursor, null for the first; `words` tell where the reader is. */
  constructor(
    private cursor: string | null,
    private readonly change: (cursor: string | null) => void,
  ) {
    this.kept = { cursor, before: [] };
  }

  get current(): string | null {
    return this.cursor;
  }

  /** Back to the first page without loading it: the filter has changed. */
  reset(): void {
    this.cursor = null;
    this.before = [];
    this.keep();
  }

  /** The page could not be loaded: the reader is still at the one of the last `update`. */
  restore(): void {
    this.cursor = this.kept.cursor;
    this.before = [...this.kept.before];
  }

  /** `next` of the page just loaded, and what to say about it, such as `1–50 of 1,234`. */
  update(next: string | null, words: string): void {
    this.next = next;
    this.keep();
    // A page opened by a link knows only its own cursor; the first page is the only one known before it.
    const back = this.before.length > 0 || this.cursor !== null;
    const place = document.activeElement?.getAttribute("data-page");
    replace(
      this.element,
      h("span.text-body-secondary.small", { "aria-live": "polite" }, words),
      h(
        "div.btn-group",
        null,
        this.button("previous", t("previousPage"), back, () => this.go(this.before.pop() ?? null)),
        this.button("next", t("nextPage"), next !== null, () => {
          this.before.push(this.cursor);
          this.go(this.next);
        }),
      ),
    );
    if (place) this.element.querySelector<HTMLElement>(`[data-page="${place}"]`)?.focus();
  }

  private keep(): void {
    this.kept = { cursor: this.cursor, before: [...this.before] };
  }

  private go(cursor: string | null): void {
    this.cursor = cursor;
    this.change(cursor);
  }

  private button(name: "previous" | "next", label: string, enabled: boolean, act: () => void): HTMLElement {
    return h(
      "button.btn.btn-sm.btn-outline-secondary",
      {
        type: "button",
        disabled: !enabled,
        "data-page": name,
        "aria-label": label,
        title: label,
        on: { click: act },
      },
      icon(name === "next" ? "chevronRight" : "chevronLeft"),
    );
  }
}
