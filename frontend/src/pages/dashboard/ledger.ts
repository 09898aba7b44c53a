/** The ledger of the last 24 hours: whether every planned fire has its one row, in a sentence and in figures. */

import { api, call, type Schemas } from "../../api/client";
import type { PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { gather } from "../shared/gather";
import { liveCard, type LiveCard } from "../shared/live-card";
import { jobLink, runsLink } from "./links";

type Ledger = Schemas["LedgerView"];
type Mood = "even" | "waiting" | "odd";

const FAULTY_SHOWN = 5;
const WHO_MS = 60_000;

interface Figure {
  key:
    | "planned"
    | "ran"
    | "skipped"
    | "missed"
    | "lost"
    | "underWay"
    | "unclaimed"
    | "duplicated"
    | "unaccounted";
  value: (ledger: Ledger) => number;
  /** Outcomes of the runs it counts. */
  statuses?: readonly string[];
  /** Must be 0, and is alarming otherwise. */
  fault?: boolean;
  /** Left out while it is 0. */
  rare?: boolean;
}

const FIGURES: readonly Figure[] = [
  { key: "planned", value: (l) => l.planned },
  { key: "ran", value: (l) => l.ran, statuses: ["succeeded", "failed", "timeout", "killed"] },
  { key: "skipped", value: (l) => l.skipped, statuses: ["skipped"] },
  { key: "missed", value: (l) => l.missed, statuses: ["missed"] },
  { key: "lost", value: (l) => l.lost, statuses: ["lost"] },
  { key: "underWay", value: (l) => l.running + l.pending },
  { key: "unclaimed", value: (l) => l.unclaimed, rare: true },
  { key: "duplicated", value: (l) => l.duplicated, fault: true },
  { key: "unaccounted", value: (l) => l.unaccounted, fault: true },
];

/** `known` hears of every new ledger. */
export function ledgerCard(context: PageContext, known: (ledger: Ledger) => void): LiveCard {
  const sentence = h("p.ledger-sentence", { role: "status" });
  const line = h("ul.ledger-line.list-unstyled");
  const more = h("div.ledger-more");
  const explain = h(
    "details.ledger-explain",
    null,
    h("summary", null, t("dashboard:ledger.explain")),
    h(
      "dl.facts",
      null,
      FIGURES.map(({ key }) => [
        h("dt", null, t(`dashboard:ledger.${key}`)),
        h("dd", null, t(`dashboard:ledger.means.${key}`)),
      ]),
    ),
  );
  const faulty = h("p", { hidden: true });
  // The figures of single jobs cost seconds where there are many: the sum does not wait for them.
  const askWho = gather(context, WHO_MS, async () => {
    try {
      replace(faulty, faults(await fetchLedger(context, true)));
    } catch {
      // The sum stands without them; they are asked for again with the next one.
    }
  });
  let said = "";
  return liveCard(context, {
    id: "ledger",
    title: t("dashboard:ledger.title"),
    head: sentence,
    minMs: 30_000,
    load: async () => {
      const ledger = await fetchLedger(context, false);
      known(ledger);
      return ledger;
    },
    draw: (ledger) => {
      const mood = moodOf(ledger);
      const words = sentenceOf(ledger, mood);
      // Screen readers are told when it changes, not each time it is counted.
      if (words !== said) replace(sentence, icon(mood === "even" ? "checkCircle" : "alertTriangle"), words);
      said = words;
      sentence.dataset.mood = mood;
      replace(
        line,
        FIGURES.filter((f) => !f.rare || f.value(ledger)).map((f) => figure(f, ledger)),
      );
      faulty.hidden = mood !== "odd";
      if (mood === "odd") askWho();
      replace(more, faulty, inexact(ledger));
      return [line, more, explain];
    },
  });
}

function fetchLedger({ signal }: PageContext, details: boolean): Promise<Ledger> {
  return call(() => api.GET("/api/v1/ledger", { params: { query: { details } }, signal }));
}

function moodOf(ledger: Ledger): Mood {
  if (ledger.duplicated || ledger.unaccounted) return "odd";
  return ledger.unclaimed ? "waiting" : "even";
}

function sentenceOf(ledger: Ledger, mood: Mood): string {
  return mood === "waiting"
    ? t("dashboard:ledger.waiting", { count: ledger.unclaimed })
    : t(`dashboard:ledger.${mood}`);
}

function figure({ key, value, statuses, fault }: Figure, ledger: Ledger): HTMLElement {
  const count = value(ledger);
  const text = formatNumber(count, locale());
  return h(
    "li",
    {
      "data-figure": key,
      title: t(`dashboard:ledger.means.${key}`),
      class: `${count ? "" : "zero"} ${fault ? (count ? "fault" : "no-fault") : ""}`,
    },
    h("span.ledger-label", null, t(`dashboard:ledger.${key}`)),
    statuses && count ? h("a.figure", { href: runsLink(statuses) }, text) : h("span.figure", null, text),
  );
}

function faults(ledger: Ledger): Child {
  const found = (ledger.jobs ?? []).filter((job) => job.duplicated || job.unaccounted);
  return [
    t("dashboard:ledger.oddHelp"),
    " ",
    found
      .slice(0, FAULTY_SHOWN)
      .map(({ name }, place) => [place > 0 && ", ", h("a", { href: jobLink(name) }, name)]),
    found.length > FAULTY_SHOWN && " …",
  ];
}

function inexact({ inexactJobs }: Ledger): Child {
  return inexactJobs > 0 && h("p.sub", null, t("dashboard:ledger.inexact", { count: inexactJobs }));
}
