/** What the pictures of the fires to come share. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, newId, type Child } from "../../ui/dom";
import type { GroupCount, Minutes } from "./buckets";

/** `all` has the groups by minute; `own` is what the first picture shows: all of it, or the chosen group's. */
export interface Planned {
  all: Schemas["Upcoming"];
  own: Minutes;
  /** "" is the jobs without a group; null all jobs. */
  group: string | null;
}

export function groupName(group: string | null): string {
  return group ?? t("timeline:noGroup");
}

export function firesText(count: number): string {
  return t("timeline:fires", { count, number: formatNumber(count, locale()) });
}

/** Each with a link to its jobs, those that fire next first. */
export function groupLinks(groups: readonly GroupCount[], limit = Infinity): Child {
  const links = groups.slice(0, limit).map(({ group, count }) =>
    h(
      "a.chip",
      {
        href: href("/jobs", {}, new URLSearchParams({ group: group ?? "", sort: "nextFire" })),
        title: t("timeline:showJobs", { group: groupName(group) }),
      },
      groupName(group),
      h("span.num", null, ` ${formatNumber(count, locale())}`),
    ),
  );
  const more = groups.length - limit;
  return [
    links,
    more > 0 &&
      h("span.small.text-body-secondary", { title: t("timeline:moreGroups", { count: more }) }, `+${more}`),
  ];
}

export function card(id: string, title: string, head: Child, ...body: Child[]): HTMLElement {
  const titleId = newId("card");
  return h(
    "section.card",
    { "aria-labelledby": titleId, "data-card": id },
    h("div.card-head", null, h("h2", { id: titleId }, title), head),
    ...body,
  );
}
