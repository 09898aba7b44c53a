/** The filters above the list of runs. */

import { api, call } from "../../api/client";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h, newId, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { statusBadge } from "../../ui/status";
import { labelled, select, setOptions, timeFilter } from "../shared/filter-bar";
import { ANY_TIME } from "../shared/time-range";
import { isFiltered, STATUSES, TRIGGERS, type RunsView } from "./view";

const SUGGESTED = 20;
const TYPING_MS = 200;

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
  setOptions(trigger.input, [
    ["", t("runs:anyTrigger")],
    ...TRIGGERS.map((each): [string, string] => [each, t(`trigger.${each}`)]),
  ]);
  const outcomes = h("div.outcomes", { role: "group", "aria-label": t("runs:outcome") });
  const time = timeFilter(t("runs:time"), change);
  const clear = h(
    "button.btn.btn-sm.btn-link",
    {
      type: "button",
      "data-action": "clear",
      on: {
        click: () => change({ job: "", status: [], worker: "", trigger: "", ...ANY_TIME }),
      },
    },
    t("runs:clear"),
  );
  const element = h(
    "form.filter-bar.card",
    { role: "search", "aria-label": t("runs:filters"), on: { submit: (event) => event.preventDefault() } },
    h("div.filter-row", null, job.element, worker.element, trigger.element, time.element),
    h("div.filter-row", null, outcomes, clear),
  );
  return {
    element,
    show(view) {
      if (job.input !== document.activeElement) job.input.value = view.job;
      const names = [...new Set([...workers, view.worker])].filter(Boolean).sort();
      setOptions(worker.input, [
        ["", t("runs:anyWorker")],
        ...names.map((name): [string, string] => [name, name]),
      ]);
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
