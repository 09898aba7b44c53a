/** The labels that a worker needs to run the job. */

import type { Schemas } from "../../api/client";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { pairsControl, type Pairs } from "./pairs";

interface Known {
  facets: Schemas["Facets"];
  workers: readonly Schemas["WorkerView"][];
}

/** Labels that jobs and live workers have are suggested; below stands how many workers would do. */
export function labelsControl({ facets, workers }: Known): Pairs {
  const known = new Map<string, string[]>();
  const pairs = [
    ...workers.flatMap((worker) => Object.entries(worker.labels)),
    ...facets.labels.map(({ value }) => value.split(/=(.*)/s).slice(0, 2) as [string, string]),
  ];
  for (const [name, value] of pairs) {
    const values = known.get(name) ?? [];
    if (!values.includes(value)) values.push(value);
    known.set(name, values);
  }
  const control = pairsControl({
    nameLabel: t("editor:labelName"),
    valueLabel: t("editor:labelValue"),
    add: t("editor:addLabel"),
    suggestions: known,
  });
  const match = h("p.worker-match.form-text", { "aria-live": "polite" });
  const say = () => {
    const wanted = Object.entries(control.get() as Record<string, string>);
    const fit = workers.filter(({ labels }) =>
      wanted.every(([name, value]) => labels[name] === value),
    ).length;
    match.classList.toggle("said-bad", fit === 0);
    replace(match, t("editor:workersFit", { count: fit, all: workers.length }));
  };
  control.element.addEventListener("input", say);
  control.element.append(match);
  say();
  return {
    ...control,
    set(value) {
      control.set(value);
      say();
    },
  };
}
