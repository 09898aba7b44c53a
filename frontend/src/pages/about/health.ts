/** Whether the parts that this master depends on are there, looked at while the page is open. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { fieldText } from "../../app/problems";
import { t } from "../../i18n";
import { h, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { liveCard, type LiveCard } from "../shared/live-card";

const POLL_MS = 5_000;
const PARTS = ["etcd", "store", "mirror", "accounts"] as const;

export function healthCard(context: PageContext): LiveCard {
  const verdict = h("span.verdict", { role: "status" });
  const list = h("ul.parts.list-unstyled");
  let said = "";
  const card = liveCard(context, {
    id: "health",
    title: t("about:health"),
    head: verdict,
    minMs: 2_000,
    load: () => call(() => api.GET("/readyz", { signal: context.signal }), { accept: [503] }),
    draw: (health) => {
      const words = t(health.ready ? "about:allReady" : "about:notReady");
      // Read out when it changes, not each time it is looked at.
      if (words !== said) replace(verdict, icon(health.ready ? "checkCircle" : "alertTriangle"), " ", words);
      said = words;
      verdict.dataset.ready = String(health.ready);
      replace(list, parts(health));
      return list;
    },
  });
  context.every(POLL_MS, () => card.refresh());
  return card;
}

function parts({ ready, parts: found }: Schemas["Readiness"]): Child {
  // Sessions are kept in etcd: without it the server knows nobody, and tells nobody.
  if (!found) return !ready && h("li", null, icon("alertTriangle"), h("div", null, t("about:partsUnknown")));
  return Object.entries(found).map(([name, { ready, detail }]) =>
    h(
      "li",
      { "data-part": name, "data-ready": String(ready) },
      icon(ready ? "checkCircle" : "xCircle"),
      h(
        "div",
        null,
        h("span.fw-semibold", null, partName(name)),
        detail && h("div.sub", null, fieldText(detail)),
      ),
      h(
        "span.ms-auto.text-nowrap.verdict",
        { "data-ready": String(ready) },
        t(ready ? "about:ready" : "about:unready"),
      ),
    ),
  );
}

function partName(name: string): string {
  const known = PARTS.find((part) => part === name);
  return known ? t(`about:part.${known}`) : name;
}
