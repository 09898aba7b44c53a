/** One job: how it does, its runs, what it is, and who changed it. */

import "./job.css";
import { api, call, type Schemas } from "../../api/client";
import type { Page, PageContext } from "../../app/page";
import { router } from "../../app/router";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { emptyState } from "../../ui/states";
import { Tabs, type Tab } from "../../ui/tabs";
import { deletedNotice, invalidPanel } from "./absent";
import { changesPanel } from "./changes-panel";
import { definitionPanel } from "./definition";
import { jobHead } from "./head";
import { overview } from "./overview";
import { runsPanel } from "./runs-panel";
import { isValid, JobSource } from "./source";
import { versionOf } from "./versions";

const HISTORY_SEEN = 50; // enough to find the last version of a deleted job

const page: Page = async (context) => {
  const { root, params } = context;
  const name = params.name ?? "";
  context.title(name);
  const source = await JobSource.open(name, context);
  const { job } = source.current;
  const kind = kindOf(source);
  if (job) {
    const panels = isValid(job) ? validTabs : invalidTabs;
    root.append(
      jobHead(source),
      tabs(context, (choose) => panels(source, choose)),
    );
  } else {
    const history = await historyOf(name, context.signal);
    const known = history.length > 0 || (await hasRun(name, context.signal));
    root.append(h("div.page-head", null, h("h1", null, name)));
    if (!known) root.append(emptyState("search", t("job:noJob", { name })));
    else
      root.append(
        deletedNotice(
          source,
          history.find((change) => versionOf(change) !== null),
        ),
        tabs(context, () => [changesTab(source), runsTab(source)]),
      );
  }
  // A job that was deleted, restored or made invalid is another page.
  source.follow(() => {
    if (kindOf(source) !== kind) void router.refresh();
  });
};

export default page;

function kindOf({ current: { job } }: JobSource): string {
  return job === null ? "deleted" : isValid(job) ? "valid" : "invalid";
}

type Choose = (tab: string) => void;

/** `make` gets a way to show another tab. */
function tabs({ query, setQuery }: PageContext, make: (choose: Choose) => Tab[]): HTMLElement {
  const panels = make((id) => made.choose(id));
  const change = (id: string) => {
    if (id === panels[0]?.id) query.delete("tab");
    else query.set("tab", id);
    setQuery(query);
  };
  const made: Tabs = new Tabs({
    label: t("job:sections"),
    tabs: panels,
    shown: query.get("tab") ?? "",
    change,
  });
  return made.element;
}

function validTabs(source: JobSource, choose: Choose): Tab[] {
  return [
    {
      id: "overview",
      label: t("job:tabs.overview"),
      fill: (panel) => panel.append(overview(source, choose)),
    },
    runsTab(source),
    {
      id: "definition",
      label: t("job:tabs.definition"),
      fill: (panel) => panel.append(definitionPanel(source)),
    },
    changesTab(source),
  ];
}

function invalidTabs(source: JobSource): Tab[] {
  return [
    {
      id: "definition",
      label: t("job:tabs.definition"),
      fill: (panel) => panel.append(invalidPanel(source)),
    },
    runsTab(source),
    changesTab(source),
  ];
}

function runsTab(source: JobSource): Tab {
  const { query, setQuery } = source.context;
  return {
    id: "runs",
    label: t("job:tabs.runs"),
    fill: (panel) => panel.append(runsPanel(source, query, () => setQuery(query))),
  };
}

function changesTab(source: JobSource): Tab {
  return {
    id: "changes",
    label: t("job:tabs.changes"),
    fill: (panel) => panel.append(changesPanel(source)),
  };
}

async function historyOf(name: string, signal: AbortSignal): Promise<Schemas["JobChange"][]> {
  const params = { path: { name }, query: { limit: HISTORY_SEEN } };
  return (await call(() => api.GET("/api/v1/jobs/{name}/history", { params, signal }))).items;
}

async function hasRun(name: string, signal: AbortSignal): Promise<boolean> {
  const query = { job: name, limit: 1 };
  return (await call(() => api.GET("/api/v1/runs", { params: { query }, signal }))).items.length > 0;
}
