/** The filters above the list of runs. */

import { api, call } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { fromLocalInput, localInputValue, viewerZone } from "../../lib/time";
import { h, newId, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { statusBadge } from "../../ui/status";
import { isExact, isFiltered, PRESETS, STATUSES, TRIGGERS, type Preset, type RunsView } from "./view";

const SUGGESTED = 20;
const TYPING_MS = 200;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export type Change = (part: Partial<RunsView>) => void;

/**
 * `change` is told of every choice; `show` brings the controls in step with a view. Workers that are gone can still
 * be in the view.
 */
export function filters(
  { signal }: Pick<PageContext, "signal">,
  workers: readonly string[],
  change: Change,
): { element: HTMLElement; show: (view: RunsView) => void } {
  const job = jobInput(signal, change);
  const worker = select("worker", t("runs:worker"), (value) => change({ worker: value }));
  const trigger = select("trigger", t("runs:trigger"), (value) =>
    change({ trigger: value as RunsView["trigger"] }),
  );
  fill(trigger.input, [
    ["", t("runs:anyTrigger")],
    ...TRIGGERS.map((each): [string, string] => [each, t(`trigger.${each}`)]),
  ]);
  const outcomes = h("div.outcomes", { role: "group", "aria-label": t("runs:outcome") });
  const time = times(change);
  const clear = h(
    "button.btn.btn-sm.btn-link",
    {
      type: "button",
      "data-action": "clear",
      on: {
        click: () =>
          change({ job: "", status: [], worker: "", trigger: "", time: "any", since: null, until: null }),
      },
    },
    t("runs:clear"),
  );
  const element = h(
    "form.run-filters.card",
    { role: "search", "aria-label": t("runs:filters"), on: { submit: (event) => event.preventDefault() } },
    h("div.filter-row", null, job.element, worker.element, trigger.element, time.element),
    h("div.filter-row", null, outcomes, clear),
  );
  return {
    element,
    show(view) {
      if (job.input !== document.activeElement) job.input.value = view.job;
      const names = [...new Set([...workers, view.worker])].filter(Boolean).sort();
      fill(worker.input, [["", t("runs:anyWorker")], ...names.map((name): [string, string] => [name, name])]);
      worker.input.value = view.worker;
      trigger.input.value = view.trigger;
      drawOutcomes(outcomes, view.status, change);
      time.show(view);
      clear.hidden = !isFiltered(view);
    },
  };
}

/** An exact name, with suggestions while typing. */
function jobInput(signal: AbortSignal, change: Change): { element: HTMLElement; input: HTMLInputElement } {
  const list = h("datalist", { id: newId("jobs") });
  const input = h("input.form-control.form-control-sm", {
    type: "search",
    list: list.id,
    placeholder: t("runs:anyJob"),
    autocomplete: "off",
    maxlength: 128,
    "data-search": true,
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = "";
  const tell = () => {
    const name = input.value.trim();
    if (name === told) return;
    told = name;
    change({ job: name });
  };
  const suggest = async () => {
    const q = input.value.trim();
    const query = { limit: SUGGESTED, ...(q && { q }) };
    const { items } = await call(() => api.GET("/api/v1/jobs", { params: { query }, signal }));
    const names = items.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
    replace(
      list,
      names.map((name) => h("option", { value: name })),
    );
    if (names.includes(q)) tell();
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    // Suggestions are a help: the list works without them.
    timer = setTimeout(() => void suggest().catch(() => undefined), TYPING_MS);
    if (!input.value) tell();
  });
  input.addEventListener("focus", () => {
    told = input.value.trim();
    if (!list.hasChildNodes()) void suggest().catch(() => undefined);
  });
  input.addEventListener("change", tell);
  return { element: labelled("job", t("runs:job"), [input, list], input), input };
}

function times(change: Change): { element: HTMLElement; show: (view: RunsView) => void } {
  const kind = select("time", t("runs:time"), (value) => {
    if (value !== "exact") change({ time: value as Preset, since: null, until: null });
    else {
      const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
      change({ time: "any", since: now - DAY_MS, until: now + MINUTE_MS });
    }
  });
  fill(kind.input, [
    ...PRESETS.map((each): [string, string] => [each, t(`runs:times.${each}`)]),
    ["exact", t("runs:times.exact")],
  ]);
  const moment = (name: "since" | "until", label: string) => {
    const input = h("input.form-control.form-control-sm", {
      type: "datetime-local",
      step: 1,
      title: t("runs:zone", { zone: viewerZone() }),
    });
    input.addEventListener("change", () => change({ [name]: fromLocalInput(input.value) }));
    return { element: labelled(name, label, input, input), input };
  };
  const since = moment("since", t("from"));
  const until = moment("until", t("to"));
  const exact = h("div.exact-times", null, since.element, until.element);
  return {
    element: h("div.times", null, kind.element, exact),
    show(view) {
      kind.input.value = isExact(view) ? "exact" : view.time;
      exact.hidden = !isExact(view);
      for (const [{ input }, value] of [
        [since, view.since],
        [until, view.until],
      ] as const)
        if (input !== document.activeElement) input.value = value === null ? "" : localInputValue(value);
    },
  };
}

function drawOutcomes(place: HTMLElement, chosen: RunsView["status"], change: Change): void {
  const focused = place.contains(document.activeElement)
    ? (document.activeElement as HTMLElement).dataset.status
    : undefined;
  replace(
    place,
    STATUSES.map((status) => {
      const pressed = chosen.includes(status);
      return h(
        "button.outcome",
        {
          type: "button",
          "aria-pressed": String(pressed),
          "data-status": status,
          on: {
            click: () =>
              change({
                status: pressed
                  ? chosen.filter((each) => each !== status)
                  : STATUSES.filter((each) => each === status || chosen.includes(each)),
              }),
          },
        },
        pressed && icon("check"),
        statusBadge(status),
      );
    }),
  );
  if (focused) place.querySelector<HTMLElement>(`[data-status="${focused}"]`)?.focus();
}

function select(
  name: string,
  label: string,
  chosen: (value: string) => void,
): { element: HTMLElement; input: HTMLSelectElement } {
  const input = h("select.form-select.form-select-sm");
  input.addEventListener("change", () => chosen(input.value));
  return { element: labelled(name, label, input, input), input };
}

function fill(input: HTMLSelectElement, options: readonly [string, string][]): void {
  replace(
    input,
    options.map(([value, text]) => h("option", { value }, text)),
  );
}

function labelled(name: string, label: string, content: Child, input: HTMLElement): HTMLElement {
  input.id = newId("filter");
  return h("div.filter", { "data-field": name }, h("label", { for: input.id }, label), content);
}
