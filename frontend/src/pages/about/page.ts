/** What this system is, how its parts are, and what this browser shows it in. */

import type { Page } from "../../app/page";
import { t } from "../../i18n";
import { h, newId, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { browserChoices } from "../shared/browser-choices";
import { healthCard } from "./health";
import { browserFacts, systemCard } from "./system";
import "../shared/live-card.css";
import "./about.css";

const REFRESH_MS = 60_000;

const page: Page = (context) => {
  context.title(t("about:title"));
  const clock = h("div");
  replace(clock, browserFacts());
  const system = systemCard(context, () => replace(clock, browserFacts()));
  const health = healthCard(context);
  context.every(REFRESH_MS, () => system.refresh());
  context.on("reload", () => {
    system.refresh();
    health.refresh();
  });
  context.root.append(
    h("div.page-head", null, h("h1", null, t("about:title"))),
    h(
      "div.about-columns",
      null,
      h(
        "div",
        null,
        card(t("about:browser"), h("p.sub", null, t("about:browserHelp")), browserChoices(), clock),
        health.element,
      ),
      h("div", null, system.element, card(t("about:links"), links())),
    ),
  );
};

function card(title: string, ...content: Child[]): HTMLElement {
  const id = newId("card");
  return h(
    "div.card",
    { role: "group", "aria-labelledby": id },
    h("div.card-head", null, h("h2", { id }, title)),
    h("div.live-card-body", null, ...content),
  );
}

/** Relative to the page, so that they hold behind a proxy with a path of its own. */
function links(): HTMLElement {
  const entries = [
    { to: "docs", title: t("about:apiDocs"), help: t("about:apiDocsHelp") },
    { to: "openapi.json", title: t("about:openapi"), help: t("about:openapiHelp") },
    { to: "metrics", title: t("about:metrics"), help: t("about:metricsHelp") },
  ];
  return h(
    "ul.about-links.list-unstyled",
    null,
    entries.map(({ to, title, help }) =>
      h(
        "li",
        null,
        h("a", { href: to, target: "_blank", rel: "noopener" }, title, " ", icon("boxArrowUpRight")),
        h("div.sub", null, help),
      ),
    ),
    h("li", null, h("span.fw-semibold", null, t("about:guides")), h("div.sub", null, t("about:guidesHelp"))),
  );
}

export default page;
