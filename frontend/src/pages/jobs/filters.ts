/** The row of filters over the list. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { menu } from "../../ui/menu";
import { Picker, type Choice } from "../../ui/picker";
import { isFiltered, noFilter, OUTCOMES, SORT_KEYS, STATES, type JobsView, type SortKey } from "./view";

const TYPING_MS = 200;

type Change = (patch: Partial<JobsView>) => void;

/** `change` is told what the reader wants; `show` brings the row in step with a view. */
export class Filters {
  readonly element = h("div.jobs-filters", { role: "search" });
  private readonly search = h("input.form-control.form-control-sm", {
    type: "search",
    "data-search": true,
    "aria-label": t("jobs:search"),
    placeholder: t("jobs:search"),
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 256,
  });
  private readonly clear = h(
    "button.btn.btn-sm.btn-link",
    { type: "button", on: { click: () => this.clearAll() } },
    icon("x"),
    " ",
    t("jobs:clearFilters"),
  );
  private readonly sort = h("div.ms-auto");
  private readonly pickers;
  /** What the reader last searched for, or was shown. */
  private q = "";
  private facets: Promise<Schemas["Facets"]> | null = null;

  constructor(
    private readonly context: PageContext,
    private readonly change: Change,
  ) {
    this.pickers = {
      state: new Picker({
        label: t("jobs:filter.state"),
        choices: () => STATES.map((value) => ({ value, text: t(`state.${value}`) })),
        text: (value) => t(`state.${value}` as "state.enabled"),
        change: ([value = ""]) => change({ state: value as JobsView["state"] }),
      }),
      lastStatus: new Picker({
        label: t("jobs:filter.lastStatus"),
        many: true,
        choices: () => OUTCOMES.map((value) => ({ value, text: outcomeText(value) })),
        text: outcomeText,
        change: (values) => change({ lastStatus: values as JobsView["lastStatus"] }),
      }),
      group: new Picker({
        label: t("jobs:filter.group"),
        choices: async () => [{ value: "", text: t("jobs:filter.noGroup") }, ...(await this.facet("groups"))],
        text: (value) => value || t("jobs:filter.noGroup"),
        change: ([value]) => change({ group: value ?? null }),
      }),
      tag: new Picker({
        label: t("jobs:filter.tag"),
        choices: () => this.facet("tags"),
        change: ([value = ""]) => change({ tag: value }),
      }),
      label: new Picker({
        label: t("jobs:filter.label"),
        many: true,
        choices: () => this.facet("labels"),
        change: (values) => change({ label: values }),
      }),
    };
    this.watchTyping();
    this.element.append(
      h("div.jobs-search", null, icon("search"), this.search),
      ...Object.values(this.pickers).map((picker) => picker.element),
      this.clear,
      this.sort,
    );
  }

  show(view: JobsView): void {
    // What is being typed stays while lists of before come in.
    if (view.q !== this.q) this.search.value = this.q = view.q;
    this.pickers.state.show(view.state ? [view.state] : []);
    this.pickers.lastStatus.show(view.lastStatus);
    this.pickers.group.show(view.group === null ? [] : [view.group]);
    this.pickers.tag.show(view.tag ? [view.tag] : []);
    this.pickers.label.show(view.label);
    this.clear.hidden = !isFiltered(view);
    this.sort.replaceChildren(this.sortMenu(view.sort));
  }

  private watchTyping(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      clearTimeout(timer);
      this.q = this.search.value.trim();
      this.change({ q: this.q });
    };
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(tell, TYPING_MS);
    });
    this.search.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") tell();
    });
    this.context.onLeave(() => clearTimeout(timer));
  }

  private clearAll(): void {
    this.search.value = this.q = "";
    this.change(noFilter());
  }

  /** Fetched when a list opens, so that they are of now; one answer serves lists opened close together. */
  private async facet(kind: keyof Schemas["Facets"]): Promise<readonly Choice[]> {
    const { signal } = this.context;
    this.facets ??= call(() => api.GET("/api/v1/stats/facets", { signal })).finally(() => {
      this.facets = null;
    });
    return (await this.facets)[kind];
  }

  private sortMenu(sort: JobsView["sort"]): HTMLElement {
    const key = sort.replace("-", "") as SortKey;
    const descending = sort.startsWith("-");
    const words = t("jobs:sort.by", { key: t(`jobs:sort.${key}`) });
    return menu(
      words,
      [words, " ", icon("chevronDown", descending ? "" : "flip")],
      [
        ...SORT_KEYS.map((each) => ({
          label: t(`jobs:sort.${each}`),
          checked: each === key,
          act: () => this.change({ sort: descending ? `-${each}` : each }),
        })),
        null,
        { label: t("jobs:sort.ascending"), checked: !descending, act: () => this.change({ sort: key }) },
        {
          label: t("jobs:sort.descending"),
          checked: descending,
          act: () => this.change({ sort: `-${key}` }),
        },
      ],
    );
  }
}

function outcomeText(value: string): string {
  return value === "never" ? t("jobs:never") : t(`status.${value}` as "status.failed");
}
