/** A job is made, copied or changed. */

import "./editor.css";
import { api, call, type Schemas } from "../../api/client";
import { href } from "../../app/address";
import type { Page, PageContext } from "../../app/page";
import { fieldText } from "../../app/problems";
import { t } from "../../i18n";
import type { JobJson } from "../../lib/job";
import { h } from "../../ui/dom";
import { Editor, type Origin } from "./editor";
import { JobForm } from "./form";
import { copyName, salvage, wholeJob } from "./model";
import { isInvalid, readJob, type AnyJob } from "./saving";
import { fillForm, type Surroundings } from "./sections";

/** Work that a change of language would lose: the page is drawn anew, at the same address. */
let kept: { hash: string; origin: Origin; draft: JobJson } | null = null;

const page: Page = async (context) => {
  const { root, params, query, signal, title } = context;
  const name = params.name ?? null;
  const source = name ?? query.get("from");
  const [around, stored] = await Promise.all([
    lookAround(signal),
    source === null ? null : readJob(source, signal),
  ]);
  const task = name !== null ? "editing" : source !== null ? "copyOf" : "new";
  const heading = t(`editor:${task}`, { name: source });
  title(heading);

  const resumed = kept?.hash === location.hash ? kept : null;
  kept = null;
  const job = stored && !isInvalid(stored.job) ? wholeJob(stored.job) : null;
  const start = startOf(stored?.job ?? null, name);
  const origin = resumed?.origin ?? {
    base: name === null ? null : job,
    etag: name === null ? null : (stored?.etag ?? null),
  };
  const form = new JobForm(new Set(around.about.notYet));
  const parts = fillForm(form, around, name !== null);
  const editor = new Editor(context, form, parts, origin, start, resumed?.draft ?? null);
  keepWork(context, editor);
  const json = h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", "data-action": "json", on: { click: () => void editor.json() } },
    "JSON",
  );
  root.append(
    h(
      "div.page-head",
      null,
      h("h1", null, heading),
      json,
      h(
        "a.btn.btn-sm.btn-outline-secondary",
        { href: source === null ? href("/jobs") : href("/jobs/:name", { name: source }) },
        t("cancel"),
      ),
    ),
    ...(stored && isInvalid(stored.job) ? [invalidNote(stored.job)] : []),
    editor.element,
  );
  if (name === null) {
    parts.name.focus({ preventScroll: true });
    parts.name.select();
  }
};

export default page;

async function lookAround(signal: AbortSignal): Promise<Surroundings> {
  const [about, facets, workers] = await Promise.all([
    call(() => api.GET("/api/v1/about", { signal })),
    call(() => api.GET("/api/v1/stats/facets", { signal })),
    call(() => api.GET("/api/v1/workers", { signal })),
  ]);
  return { about, facets, workers: workers.items, signal };
}

function startOf(job: AnyJob | null, name: string | null): JobJson {
  if (!job) return wholeJob(null);
  const called = name ?? copyName(job.name);
  return isInvalid(job) ? salvage(job.raw, called) : { ...wholeJob(job), name: called };
}

function keepWork({ signal }: PageContext, editor: Editor): void {
  const { hash } = location;
  signal.addEventListener("abort", () => {
    if (location.hash === hash && editor.dirty) kept = { hash, origin: editor.started, draft: editor.draft };
  });
}

/** What stands there instead of a job, and what is wrong with it. */
function invalidNote(job: Schemas["InvalidJobView"]): HTMLElement {
  return h(
    "section.card.mb-3",
    null,
    h("div.card-head", null, h("h2", null, t("editor:invalidTitle"))),
    h(
      "div.card-body",
      null,
      h("p", null, t("editor:invalidHelp")),
      h("p.said-bad", null, fieldText(job.reason)),
      h("pre.raw-job", { tabindex: "0", "aria-label": t("editor:rawText") }, job.raw),
    ),
  );
}
