/** Who changed the job, when and how, and a way back to each version. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import { href } from "../../app/address";
import { fieldText } from "../../app/problems";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { locale, t } from "../../i18n";
import { fieldChanges } from "../../lib/diff";
import type { JobJson } from "../../lib/job";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { Pager } from "../../ui/pager";
import { emptyState, errorState, loadingState } from "../../ui/states";
import { ago, time } from "../../ui/time";
import { changesView } from "../shared/changes";
import { fieldLabel } from "../shared/fields";
import { gather } from "../shared/gather";
import { staleNote } from "../shared/stale-note";
import { restore } from "./restore";
import { asJson, type JobSource } from "./source";
import { isVersion, versionOf } from "./versions";

type Change = Schemas["JobChange"];

const PER_PAGE = 25;
const FIELDS_NAMED = 6;

export function changesPanel(source: JobSource): HTMLElement {
  const { name, context } = source;
  const list = h("ol.change-list");
  const place = h("div", null, loadingState());
  const stale = staleNote();
  let drawn = "";

  const load = async (signal: AbortSignal) => {
    try {
      const query = { limit: PER_PAGE, cursor: pager.current };
      const page = await call(() =>
        api.GET("/api/v1/jobs/{name}/history", {
          params: { path: { name }, query },
          signal,
        }),
      );
      stale.show(null);
      // An open difference stays open while nothing is new.
      const signature = JSON.stringify([page.items, source.current.etag]);
      if (signature === drawn) return;
      drawn = signature;
      replace(
        list,
        page.items.map((change) => entry(source, change, refresh)),
      );
      const { length } = page.items;
      pager.update(
        page.next,
        t("job:changes.shown", { count: length, number: formatNumber(length, locale()) }),
      );
      if (length) replace(place, list, pager.element);
      else replace(place, emptyState("journal", t("job:changes.none"), t("job:changes.noneText")));
    } catch (error) {
      if (isAbort(error)) return;
      pager.restore();
      if (drawn) stale.show(error);
      else
        replace(
          place,
          errorState(error, () => refresh(true)),
        );
    }
  };
  const refresh = gather(context, 1_000, load);
  const pager = new Pager(null, () => refresh(true));
  source.follow(() => refresh());
  return h(
    "section.card",
    { "data-card": "changes" },
    h("div.card-head.pb-2", null, h("h2", null, t("job:changes.title")), stale.element),
    place,
  );
}

function entry(source: JobSource, change: Change, refresh: () => void): HTMLElement {
  const version = versionOf(change);
  const { job } = source.current;
  const present = version !== null && job !== null && !fieldChanges(asJson(job), version).length;
  const offered = version !== null && !present && session.may("editor");
  return h(
    "li",
    { "data-action": change.action },
    h(
      "div.change-head",
      null,
      h("b", null, actionText(change.action)),
      h("span", null, t("job:changes.by", { actor: change.actor })),
      h(
        "span.text-body-secondary",
        { title: origin(change) },
        time(change.at, { seconds: true }),
        " · ",
        ago(change.at),
      ),
      present && h("span.chip", null, t("job:changes.current")),
      offered &&
        h(
          "button.btn.btn-sm.btn-outline-secondary.ms-auto",
          {
            type: "button",
            "data-action": "restore",
            on: {
              click: () =>
                void restore(source.name, version, change.at, source.current).then((done) => {
                  if (!done) return;
                  if (source.current.job) source.refresh();
                  else void router.refresh();
                  refresh();
                }),
            },
          },
          icon("arrowCounterclockwise"),
          ` ${t("job:changes.restore")}`,
        ),
    ),
    more(change),
  );
}

function more({ before, after, detail }: Change): Child {
  if (!before && !after) return orders(detail);
  const known = [before, after].filter((job) => job !== null);
  const invalid = known.find((job) => !isVersion(job));
  if (invalid)
    return h(
      "p.small.mb-0",
      null,
      t("job:changes.wasInvalid", { reason: fieldText(String(invalid.invalid)) }),
    );
  return difference(before, after);
}

/** The names of the fields; the difference itself is made when it is opened. */
function difference(before: JobJson | null, after: JobJson | null): Child {
  const fields = fieldChanges(before, after).map(({ field }) => fieldLabel(field));
  if (!fields.length) return null;
  const summary =
    before && after
      ? fields.slice(0, FIELDS_NAMED).join(", ") + (fields.length > FIELDS_NAMED ? " …" : "")
      : t("job:changes.details");
  const details = h("details", null, h("summary", null, summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(changesView(before, after));
  });
  return details;
}

/** Of a run or a kill: which runs, where, with what. */
function orders(detail: Change["detail"]): Child {
  const ids = Array.isArray(detail.runIds) ? detail.runIds.map(String) : [];
  const env = Array.isArray(detail.env) ? detail.env.map(String) : [];
  const parts: Child[] = [
    ...ids.map((id) => h("a.mono", { href: href("/runs/:id", { id }) }, id)),
    typeof detail.worker === "string" && t("job:changes.onWorker", { worker: detail.worker }),
    env.length > 0 && t("job:changes.withEnv", { names: env.join(", ") }),
  ];
  const said = parts.filter(Boolean);
  return (
    said.length > 0 &&
    h(
      "div.change-orders",
      null,
      said.map((part) => h("span", null, part)),
    )
  );
}

const ACTIONS = ["create", "update", "delete", "pause", "resume", "run", "kill", "adopted"] as const;

function actionText(action: string): string {
  const known = ACTIONS.find((name) => `job.${name}` === action);
  return known ? t(`job:changes.action.${known}`) : action;
}

function origin({ detail }: Change): string | null {
  const { via, address } = detail;
  return typeof via === "string" && typeof address === "string"
    ? t("job:changes.via", { via, address })
    : null;
}
