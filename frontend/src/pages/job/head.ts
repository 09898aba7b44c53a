/** The head of the page: what the job is, how it is, and what can be done with it. */

import { href } from "../../app/address";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { icon, type IconName } from "../../ui/icons";
import { menu, type MenuItem } from "../../ui/menu";
import { stateBadge } from "../../ui/status";
import { deleteJob, enableJob, killJob, runJob } from "../shared/job-actions";
import { copyJob } from "./copy-dialog";
import { runWith } from "./run-dialog";
import { isValid, type InvalidJobView, type JobSource, type JobView } from "./source";

/** Kept up to date by `source`. */
export function jobHead(source: JobSource): HTMLElement {
  const state = h("span.job-head-state");
  const actions = h("div.job-head-actions");
  const about = h("div.job-about");
  let drawn = "";
  const draw = () => {
    const { job } = source.current;
    if (!job) return;
    replace(state, stateBadge(job.state), runningBadge(job));
    const kill = actions.querySelector<HTMLButtonElement>("[data-action=kill]");
    if (kill) kill.disabled = !job.running;
    const signature = JSON.stringify([
      job.state,
      isValid(job) && [job.enabled, job.group, job.tags, job.description],
    ]);
    // A menu that is open waits until it is closed.
    if (signature === drawn || actions.querySelector(".dropdown-menu.show")) return;
    drawn = signature;
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.action : "";
    replace(actions, buttons(source, job));
    if (focused) actions.querySelector<HTMLElement>(`[data-action="${focused}"]`)?.focus();
    replace(about, isValid(job) && aboutJob(job));
  };
  actions.addEventListener("hidden.bs.dropdown", () => setTimeout(draw));
  source.follow(draw);
  return h(
    "header",
    null,
    h("div.page-head", null, h("div.job-head-name", null, h("h1", null, source.name), state), actions),
    about,
  );
}

function runningBadge(job: JobView | InvalidJobView): Child {
  if (!job.running) return null;
  return h(
    "span.status",
    { "data-status": "running" },
    icon("arrowRepeat", "spin"),
    t("job:running", { count: job.running, number: formatNumber(job.running, locale()) }),
  );
}

function aboutJob(job: JobView): Child {
  const { tags = [] } = job;
  return [
    job.description && h("p.job-description", null, job.description),
    (job.group !== null || tags.length > 0) &&
      h(
        "div.job-chips",
        null,
        job.group !== null &&
          h(
            "a.chip",
            { href: href("/jobs", {}, { group: job.group }), title: job.group },
            icon("grid"),
            ` ${job.group}`,
          ),
        tags.map((tag) =>
          h("a.chip", { href: href("/jobs", {}, { tag }), title: tag }, icon("tag"), ` ${tag}`),
        ),
      ),
  ];
}

function buttons(source: JobSource, job: JobView | InvalidJobView): Child {
  const { name } = source;
  const valid = isValid(job);
  const then = (done: Promise<unknown>) => void done.then(() => source.refresh());
  const [operator, editor] = [session.may("operator"), session.may("editor")];
  const more: (MenuItem | null)[] = [
    ...(valid ? [{ label: [icon("copy"), ` ${t("job:copy")}`], act: () => void copyJob(name) }, null] : []),
    {
      label: [icon("trash"), ` ${t("job:delete")}`],
      danger: true,
      act: () =>
        void deleteJob(name).then((gone) => {
          if (gone) void router.refresh();
        }),
    },
  ];
  return [
    operator && valid && toggle(source, job),
    operator && killButton(job, () => then(killJob(name))),
    operator &&
      valid &&
      h(
        "div.btn-group",
        null,
        button("run", "play", t("job:run"), "btn-primary", () => then(runJob(name))),
        button("run-with", "sliders", t("job:runWith"), "btn-primary", () => then(runWith(name)), false),
      ),
    editor &&
      h(
        "a.btn.btn-sm.btn-outline-secondary",
        { href: href("/jobs/:name/edit", { name }), "data-action": "edit" },
        icon("pencil"),
        ` ${t("job:edit")}`,
      ),
    editor && menu(t("job:moreActions"), icon("chevronDown"), more),
  ];
}

/** There even while nothing runs, so that no button moves when a run begins or ends. */
function killButton(job: JobView | InvalidJobView, act: () => void): HTMLElement {
  const made = button("kill", "stop", t("job:kill"), "btn-outline-danger", act);
  made.disabled = !job.running;
  return made;
}

/** On or off. It moves at once and goes back if that was refused. */
function toggle(source: JobSource, job: JobView): HTMLElement {
  const input = h("input.form-check-input", {
    type: "checkbox",
    role: "switch",
    checked: job.enabled,
    "aria-label": t("job:toggle"),
    "data-action": "enable",
  });
  input.addEventListener("change", () => {
    const wanted = input.checked;
    input.disabled = true;
    void enableJob(source.name, wanted).then((done) => {
      input.disabled = false;
      if (!done) input.checked = !wanted;
      source.refresh();
    });
  });
  return h(
    "label.form-check.form-switch.job-switch",
    { title: t("job:toggle") },
    input,
    h("span", { "aria-hidden": "true" }, t(job.enabled ? "job:on" : "job:off")),
  );
}

function button(
  action: string,
  symbol: IconName,
  label: string,
  look: string,
  act: () => void,
  words = true,
): HTMLButtonElement {
  return h(
    "button.btn.btn-sm",
    {
      type: "button",
      class: look,
      "data-action": action,
      title: words ? null : label,
      "aria-label": words ? null : label,
      on: { click: act },
    },
    icon(symbol),
    words && ` ${label}`,
  );
}
