/** Version, clock, stores and limits of the system. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatBytes } from "../../lib/number";
import { formatDuration, formatTime, isZone, offsetOf, viewerZone } from "../../lib/time";
import { h, replace, type Child } from "../../ui/dom";
import { serverNow } from "../../ui/time";
import { choiceLabel, fieldLabel } from "../shared/fields";
import { liveCard, type LiveCard } from "../shared/live-card";

const NOTABLE_SKEW_MS = 2_000;
const GROUPS = ["retries", "limits", "notify"] as const;

/** `known` hears of every new answer. */
export function systemCard(context: PageContext, known: () => void): LiveCard {
  let zone = "UTC";
  const clock = h("span.num");
  const tick = () => {
    const now = serverNow();
    const text = formatTime(now, { locale: locale(), zone, seconds: true, now });
    replace(clock, `${text} (${offsetOf(now, zone)})`);
  };
  context.every(1_000, tick);
  return liveCard(context, {
    id: "system",
    title: t("about:system"),
    minMs: 5_000,
    load: () => call(() => api.GET("/api/v1/about", { signal: context.signal })),
    draw: (about) => {
      // The browser may not know every zone that the server knows.
      zone = isZone(about.timezone) ? about.timezone : "UTC";
      tick();
      known();
      return facts([
        [t("about:version"), about.version],
        [t("about:serverTime"), clock],
        [t("about:timezone"), [about.timezone, h("div.sub", null, t("about:timezoneHelp"))]],
        [
          t("about:etcd"),
          [
            about.etcd.version,
            " · ",
            t("about:etcdSize", { size: formatBytes(about.etcd.dbSizeBytes, locale()) }),
          ],
        ],
        [t("about:store"), t(`about:stores.${about.store.kind}`)],
        [
          t("about:retention"),
          about.retentionDays === null
            ? t("about:forEver")
            : t("about:retentionDays", { count: about.retentionDays }),
        ],
        [t("about:notYet"), notYet(about)],
      ]);
    },
  });
}

/** The browser's clock and zone beside the server's. */
export function browserFacts(): HTMLElement {
  const skew = Date.now() - serverNow();
  const duration = formatDuration(Math.abs(skew), locale());
  const words =
    Math.abs(skew) < NOTABLE_SKEW_MS
      ? t("about:clockRight")
      : t(skew > 0 ? "about:clockAhead" : "about:clockBehind", { duration });
  return facts([
    [t("about:viewerZone"), `${viewerZone()} (${offsetOf(Date.now())})`],
    [t("about:clock"), words],
  ]);
}

export function facts(rows: readonly [string, Child][]): HTMLElement {
  return h(
    "dl.facts",
    null,
    rows.map(([term, value]) => [h("dt", null, term), h("dd", null, value)]),
  );
}

function notYet({ notYet: names }: Schemas["About"]): Child {
  if (!names.length) return t("about:nothingMissing");
  return [
    h(
      "ul.not-yet",
      null,
      names.map((name) => h("li", { title: name }, wordsOf(name))),
    ),
    h("div.sub", null, t("about:notYetHelp")),
  ];
}

/** `retries` or `limits.memoryMb` is a field or a group of them, `overlap.queue` a choice of one. */
function wordsOf(name: string): string {
  const group = GROUPS.find((each) => each === name);
  if (group) return t(`about:groups.${group}`);
  const label = fieldLabel(name);
  const cut = name.lastIndexOf(".");
  if (label !== name || cut < 0) return label;
  const path = name.slice(0, cut);
  return t("about:choice", { field: fieldLabel(path), choice: choiceLabel(path, name.slice(cut + 1)) });
}
