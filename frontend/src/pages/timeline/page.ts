/** The next 24 hours of fires, and the last 24 hours of runs. */

import "./timeline.css";
import { api, call, type Schemas } from "../../api/client";
import type { Page } from "../../app/page";
import { t } from "../../i18n";
import { maybeInteger, maybeText, readView, text, writeView } from "../../lib/query";
import { h, replace } from "../../ui/dom";
import { gather } from "../shared/gather";
import { MINUTE_MS } from "./buckets";
import { GroupsCard } from "./groups-card";
import { MinutesCard } from "./minutes-card";
import { PileUpsCard } from "./pile-ups-card";
import { groupName, type Planned } from "./planned";
import { SpanCard, type Chosen } from "./span-card";
import { workCard } from "./work-card";

const HOURS = 24;
const AGAIN_MS = 5_000; // after a change of jobs
const LATEST = 4_133_980_799_999; // the end of 2100, as far as the API counts

/** `group` "" is the jobs without one; `from` and `until` (epoch ms) are the span whose runs are shown. */
const SPEC = {
  group: maybeText(),
  from: maybeInteger(0, LATEST),
  until: maybeInteger(0, LATEST),
  worker: text(),
};

const page: Page = async (context) => {
  const { root, title } = context;
  let view = readView(SPEC, context.query);
  title(t("timeline:title"));

  const select = h("select.form-select.form-select-sm.group-select", { "aria-label": t("timeline:group") });
  const minutes = new MinutesCard();
  const pileUps = new PileUpsCard((at) => minutes.choose(at));
  const groups = new GroupsCard((group) => chooseGroup(view.group === group ? null : group));
  const runs = new SpanCard(context, (chosen) => chooseSpan(chosen));
  const work = workCard(
    context,
    (chosen) => chooseSpan({ ...chosen, worker: view.worker }),
    (workers) => runs.offer(workers),
  );

  const change = (part: Partial<typeof view>) => {
    view = { ...view, ...part };
    context.setQuery(writeView(SPEC, view));
  };
  const chooseGroup = (group: string | null) => {
    change({ group });
    renew(true);
  };
  const chooseSpan = (chosen: Chosen | null) => {
    change(chosen ?? { from: null, until: null, worker: "" });
    showSpan();
    if (chosen) runs.element.scrollIntoView({ block: "nearest" });
  };
  const showSpan = () => {
    const { from, until, worker } = view;
    const chosen = from !== null && until !== null && from < until ? { from, until, worker } : null;
    work.show(chosen);
    void runs.show(chosen);
  };
  const draw = (data: Planned) => {
    fillGroups(select, data);
    minutes.update(data);
    pileUps.update(data);
    groups.update(data);
  };
  const renew = gather(context, AGAIN_MS, async (signal) => {
    try {
      draw(await load(signal, view.group));
    } catch {
      // What is shown stays; the shell says when the server is away, and it is asked again within a minute.
    }
  });

  draw(await load(context.signal, view.group));
  select.addEventListener("change", () => chooseGroup(select.value === ALL ? null : select.value.slice(1)));
  context.on("jobs", () => renew());
  context.on("reload", () => renew());
  context.every(MINUTE_MS, () => renew());
  root.append(
    h("div.page-head", null, h("h1", null, t("timeline:title")), select),
    h(
      "div.timeline",
      null,
      h("div.timeline-columns", null, minutes.element, pileUps.element),
      groups.element,
      work.element,
      runs.element,
    ),
  );
  showSpan();
};

export default page;

async function load(signal: AbortSignal, group: string | null): Promise<Planned> {
  const ask = (query: { group?: string; groups: boolean }): Promise<Schemas["Upcoming"]> =>
    call(() =>
      api.GET("/api/v1/stats/upcoming", {
        params: { query: { hours: HOURS, bucket: 60, ...query } },
        signal,
      }),
    );
  const all = await ask({ groups: true });
  const shown = all.groups.find((each) => group === (each.group ?? ""));
  const { start, fires } = group === null || shown ? all : await ask({ group, groups: false });
  return { all, own: { start: Date.parse(start), fires: shown?.fires ?? fires }, group };
}

const ALL = "";

/** The groups of the second picture, and the one chosen. A mark before the name keeps "" for all of them. */
function fillGroups(select: HTMLSelectElement, { all, group }: Planned): void {
  const names = new Set(all.groups.map((each) => each.group ?? ""));
  if (group !== null) names.add(group);
  replace(
    select,
    h("option", { value: ALL }, t("timeline:allGroups")),
    [...names].sort().map((name) => h("option", { value: `=${name}` }, groupName(name || null))),
  );
  select.value = group === null ? ALL : `=${group}`;
}
