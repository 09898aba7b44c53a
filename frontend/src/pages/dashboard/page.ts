/** The state of everything at a glance, kept up to date while it is open. */

import { href } from "../../app/address";
import type { Page } from "../../app/page";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { failingCard } from "./failing";
import { figures } from "./figures";
import { historyCard } from "./history";
import { lateCard } from "./late";
import { ledgerCard } from "./ledger";
import { loadCard } from "./load";
import { runningCard } from "./running";
import { upcomingCard } from "./upcoming";
import { welcome } from "./welcome";
import "./dashboard.css";

const REFRESH_MS = 30_000; // for what changes as time goes by without an event

const page: Page = (context) => {
  const { root, title, on, every } = context;
  title(t("dashboard:title"));

  let unclaimed = 0;
  const first = welcome();
  const running = runningCard(context);
  const failing = failingCard(context);
  const upcoming = upcomingCard(context);
  const workers = loadCard(context);
  const history = historyCard(context);
  const late = lateCard(context, () => unclaimed);
  const ledger = ledgerCard(context, (found) => {
    if (found.unclaimed !== unclaimed) late.refresh();
    unclaimed = found.unclaimed;
  });
  const wide = h("div.dash-column", null, history.element, failing.element, late.element);
  const narrow = h("div.dash-column", null, workers.element, running.element, upcoming.element);
  const cards = h("div.dash", null, ledger.element, h("div.dash-columns", null, wide, narrow));
  const top = figures(context, ({ jobs }) => {
    const any = Object.values(jobs).some(Boolean);
    first.hidden = any;
    cards.hidden = !any;
  });
  first.hidden = true;

  root.append(
    h(
      "div.page-head",
      null,
      h("h1", null, t("dashboard:title")),
      top.stale,
      session.may("editor") &&
        h("a.btn.btn-sm.btn-primary", { href: href("/new-job") }, icon("plus"), " ", t("dashboard:newJob")),
    ),
    top.element,
    first,
    cards,
  );

  const all = [top, running, failing, upcoming, workers, history, late, ledger];
  const refresh = (...some: { refresh: () => void }[]) => {
    for (const card of some) card.refresh();
  };
  on("running", () => refresh(running, top));
  on("runs", ({ items }) => {
    refresh(running, failing, top, history);
    if (items.some((run) => run.status === "missed" || run.status === "lost")) refresh(late, ledger);
  });
  on("jobs", () => refresh(top, upcoming, failing));
  on("workers", () => refresh(workers, top));
  on("reload", () => refresh(...all));
  every(REFRESH_MS, () => refresh(...all));
};

export default page;
