/** Tabs over panels: arrow keys move between them, and a panel is made when it is first shown. */

import { h, newId } from "./dom";

export interface Tab {
  /** Names the tab in addresses and tests. */
  id: string;
  label: string;
  /** Fills the panel, once, when it is first shown. */
  fill: (panel: HTMLElement) => void;
}

export interface TabsOptions {
  /** What the tabs are about, for screen readers. */
  label: string;
  tabs: readonly Tab[];
  /** The tab shown first; the first one where there is none of that name. */
  shown: string;
  change: (id: string) => void;
}

export class Tabs {
  readonly element: HTMLElement;
  private readonly parts: { tab: Tab; button: HTMLButtonElement; panel: HTMLElement; filled: boolean }[];

  constructor(private readonly options: TabsOptions) {
    const prefix = newId("tabs");
    this.parts = options.tabs.map((tab) => {
      const [buttonId, panelId] = [`${prefix}-${tab.id}`, `${prefix}-${tab.id}-panel`];
      const button = h(
        "button.nav-link",
        {
          type: "button",
          role: "tab",
          id: buttonId,
          "aria-controls": panelId,
          "data-tab": tab.id,
          on: { click: () => this.choose(tab.id) },
        },
        tab.label,
      );
      const panel = h("div.tab-panel", { role: "tabpanel", id: panelId, "aria-labelledby": buttonId });
      return { tab, button, panel, filled: false };
    });
    const list = h(
      "div.nav.nav-underline.tabs",
      {
        role: "tablist",
        "aria-label": options.label,
        on: { keydown: (event) => this.move(event as KeyboardEvent) },
      },
      this.parts.map(({ button }) => button),
    );
    this.element = h(
      "div",
      null,
      list,
      this.parts.map(({ panel }) => panel),
    );
    this.show(options.shown);
  }

  /** Show the tab `id` as if the reader had chosen it. */
  choose(id: string): void {
    this.show(id);
    this.options.change(id);
  }

  private show(id: string): void {
    const wanted = this.parts.find(({ tab }) => tab.id === id) ?? this.parts[0];
    for (const part of this.parts) {
      const shown = part === wanted;
      part.button.classList.toggle("active", shown);
      part.button.ariaSelected = String(shown);
      part.button.tabIndex = shown ? 0 : -1;
      part.panel.hidden = !shown;
      if (shown && !part.filled) {
        part.filled = true;
        part.tab.fill(part.panel);
      }
    }
  }

  private move(event: KeyboardEvent): void {
    const place = this.parts.findIndex(({ button }) => button === event.target);
    const last = this.parts.length - 1;
    const to = {
      ArrowLeft: place === 0 ? last : place - 1,
      ArrowRight: place === last ? 0 : place + 1,
      Home: 0,
      End: last,
    }[event.key];
    const part = to === undefined ? undefined : this.parts[to];
    if (!part) return;
    event.preventDefault();
    part.button.focus();
    this.choose(part.tab.id);
  }
}
