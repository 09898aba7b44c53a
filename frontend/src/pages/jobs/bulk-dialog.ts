/** An action on many jobs: what it means, how far it is, and what came of each job. */

import { api, call, type Schemas } from "../../api/client";
import { href } from "../../app/address";
import { fieldText, problemText } from "../../app/problems";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { openDialog } from "../../ui/dialog";
import { h, replace } from "../../ui/dom";
import { field, setFieldError } from "../../ui/field";
import { BulkRun, type BulkAction, type BulkCall, type Retag, type Target } from "./bulk";
import { retagFields } from "./retag";

const MAX_NAMED = 8;
const MAX_FAILURES = 200;
const TYPED_FROM = 10; // jobs: fewer are deleted without typing their number

/** Resolves when the dialog is closed, with whether anything was tried. */
export async function bulkDialog(action: BulkAction, target: Target, total: number): Promise<boolean> {
  const body = h("div.modal-body");
  const footer = h("div.bulk-footer");
  const runs: BulkRun[] = [];
  let submit: () => void = () => undefined;
  const close = (words: string) =>
    h("button.btn.btn-outline-secondary", { type: "button", "data-bs-dismiss": "modal" }, words);
  const agree = (words: string) =>
    h("button.btn", { type: "submit", class: DANGEROUS.has(action) ? "btn-danger" : "btn-primary" }, words);

  const question = () => {
    const retag = action === "tag" ? retagFields() : null;
    const typed = action === "delete" && total >= TYPED_FROM ? countField(total) : null;
    replace(
      body,
      h("p", null, t(`jobs:bulk.what.${action}`)),
      "names" in target ? named(target.names) : h("p", null, t("jobs:bulk.ofFilter")),
      retag?.element,
      typed,
    );
    replace(footer, close(t("cancel")), agree(t(`jobs:action.${action === "tag" ? "retag" : action}`)));
    submit = () => {
      if (typed && !isTyped(typed, total)) return;
      const wanted: Retag | null = retag ? retag.read() : {};
      if (wanted) void work(new BulkRun(action, target, total, ask, wanted));
    };
  };

  const work = async (next: BulkRun) => {
    runs.push(next);
    const bar = h("div.progress-bar");
    const words = h("p.mt-2.mb-0", { role: "status" });
    const stop = h("button.btn.btn-outline-secondary", { type: "button" }, t("jobs:bulk.stop"));
    stop.addEventListener("click", () => {
      next.stop();
      stop.disabled = true;
    });
    const draw = () => {
      const part = next.total ? next.tried / next.total : 1;
      bar.style.setProperty("width", `${(100 * part).toFixed(1)}%`);
      bar.parentElement?.setAttribute("aria-valuenow", String(Math.round(100 * part)));
      replace(words, t("jobs:bulk.progress", { done: show(next.tried), total: show(next.total) }));
    };
    replace(
      body,
      h(
        "div.progress",
        {
          role: "progressbar",
          "aria-label": t(`jobs:action.${action}`),
          "aria-valuemin": 0,
          "aria-valuemax": 100,
        },
        bar,
      ),
      words,
    );
    replace(footer, stop);
    submit = () => undefined;
    draw();
    stop.focus();
    dialog.busy(true);
    const problem = await next.go(draw).then(
      () => null,
      (error: unknown) => problemText(error),
    );
    dialog.busy(false);
    results(next, problem);
  };

  const results = (of: BulkRun, problem: string | null) => {
    const left = Math.max(0, of.total - of.tried);
    replace(
      body,
      problem && h("div.alert.alert-danger", { role: "alert" }, problem),
      h(
        "p.mb-2",
        { role: "status" },
        [
          t("jobs:bulk.done", { count: of.done, shown: show(of.done) }),
          of.unchanged > 0 && t("jobs:bulk.unchanged", { count: of.unchanged, shown: show(of.unchanged) }),
          of.failures.length > 0 &&
            t("jobs:bulk.failed", { count: of.failures.length, shown: show(of.failures.length) }),
          of.unknown > 0 && t("jobs:bulk.unknown", { count: of.unknown, shown: show(of.unknown) }),
          !of.finished && t("jobs:bulk.left", { count: left, shown: show(left) }),
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      of.failures.length > 0 && failureList(of.failures),
    );
    const goOn = of.canGoOn ? agree(t("jobs:bulk.goOn")) : null;
    const again = of.finished && of.failures.length ? agree(t("jobs:bulk.again")) : null;
    const closing = close(t("close"));
    replace(footer, closing, goOn, again);
    submit = () => {
      if (goOn) void work(of);
      else if (again) void work(of.again());
    };
    (goOn ?? again ?? closing).focus();
  };

  question();
  const dialog = openDialog({
    title: t(`jobs:bulk.title.${action}`, { count: total, shown: formatNumber(total, locale()) }),
    size: "lg",
    body,
    footer,
    submit: () => submit(),
  });
  await dialog.closed;
  return runs.length > 0;
}

const DANGEROUS: ReadonlySet<BulkAction> = new Set(["kill", "delete"]);

function ask(body: BulkCall): Promise<Schemas["BulkAnswer"]> {
  return call(() => api.POST("/api/v1/jobs/bulk", { body: body as Schemas["BulkRequest"] }));
}

function show(count: number): string {
  return formatNumber(count, locale());
}

function named(names: readonly string[]): HTMLElement {
  const more = names.length - MAX_NAMED;
  return h(
    "p.chips",
    null,
    names.slice(0, MAX_NAMED).map((name) => h("span.chip", null, name)),
    more > 0 && h("span", null, t("jobs:bulk.andMore", { count: more, shown: show(more) })),
  );
}

function countField(total: number): HTMLElement {
  return field({
    name: "count",
    label: t("jobs:bulk.typeCount", { total }),
    control: h("input.form-control", {
      type: "text",
      inputmode: "numeric",
      autocomplete: "off",
      autofocus: true,
    }),
  });
}

function isTyped(place: HTMLElement, total: number): boolean {
  const input = place.querySelector("input");
  const right = input?.value.replace(/[\s,.]/g, "") === String(total);
  const form = place.closest("form");
  if (form) setFieldError(form, "count", right ? null : t("jobs:bulk.wrongCount"));
  if (!right) input?.focus();
  return right;
}

function failureList(failures: readonly Schemas["BulkItem"][]): HTMLElement {
  const more = failures.length - MAX_FAILURES;
  return h(
    "ul.bulk-failures",
    { tabindex: "0", "aria-label": t("jobs:bulk.failures") },
    failures
      .slice(0, MAX_FAILURES)
      .map(({ name, detail }) =>
        h(
          "li",
          null,
          h("a", { href: href("/jobs/:name", { name }), target: "_blank", rel: "noopener" }, name),
          h("div.small.text-body-secondary", null, fieldText(detail)),
        ),
      ),
    more > 0 && h("li", null, t("jobs:bulk.andMore", { count: more, shown: show(more) })),
  );
}
