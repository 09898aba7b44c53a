/** All fields of a run in words. */

import type { Schemas } from "../../api/client";
import { href } from "../../app/address";
import { locale, t } from "../../i18n";
import { formatBytes, formatNumber } from "../../lib/number";
import { dateFormat } from "../../lib/intl";
import { TO_THE_MILLISECOND, exactTime, formatDuration } from "../../lib/time";
import { copyButton } from "../../ui/clipboard";
import { h, newId, type Child } from "../../ui/dom";
import { statusBadge } from "../../ui/status";
import { ms } from "../../ui/time";
import { counted, latenessMs, outcomeText, signalName } from "../shared/run-words";

type RunDetail = Schemas["RunDetail"];

export function facts(run: RunDetail): HTMLElement {
  const titleId = newId("facts");
  const ran = run.status !== "missed" && run.status !== "skipped";
  const rows: [string, Child][] = [
    [t("run:facts.outcome"), statusBadge(run.status)],
    [t("run:facts.reason"), outcomeText(run)],
    [t("run:facts.exitCode"), exitCode(run)],
    [t("run:facts.signal"), run.signal !== null && signalName(run.signal)],
    [t("run:facts.error"), run.err !== run.reason && run.err],
    [t("run:facts.fires"), run.count > 1 && counted(run).number],
    [t("run:facts.late"), lateness(run)],
    [t("run:facts.trigger"), t(`trigger.${run.trigger}`)],
    [t("run:facts.by"), run.by],
    [t("run:facts.attempt"), ran && run.attempt],
    [
      ran ? t("run:facts.worker") : t("run:facts.recordedBy"),
      run.worker && h("a", { href: href("/workers", {}, { worker: run.worker }) }, run.worker),
    ],
    [t("run:facts.pid"), run.pid],
    [t("run:facts.cpu"), run.cpuSeconds !== null && formatDuration(run.cpuSeconds * 1000, locale())],
    [t("run:facts.memory"), memory(run)],
    [t("run:facts.output"), run.startTime && size(run)],
    [t("run:facts.plannedAt"), exactly(run.planTime)],
    [t("run:timeline.lastPlanned"), run.count > 1 && exactly(run.lastPlanTime)],
    [t("run:facts.claimedAt"), exactly(run.scheduleTime)],
    [t("run:facts.startedAt"), exactly(run.startTime)],
    [t("run:facts.endedAt"), exactly(run.endTime)],
    [
      t("run:facts.fence"),
      run.fence > 0 && h("span", { title: t("run:facts.fenceHelp") }, formatNumber(run.fence, locale())),
    ],
    [t("run:facts.revision"), run.jobRevision > 0 && formatNumber(run.jobRevision, locale())],
    [t("run:facts.expires"), exactly(run.expireAt)],
    [
      t("run:facts.id"),
      h(
        "span.run-id",
        null,
        h("code", null, run.id),
        copyButton(t("run:copyId"), () => run.id),
      ),
    ],
  ];
  return h(
    "section.card.run-facts",
    { "aria-labelledby": titleId },
    h("div.card-head", null, h("h2", { id: titleId }, t("run:facts.title"))),
    h(
      "dl.facts",
      null,
      rows
        .filter(([, value]) => value !== null && value !== false && value !== undefined && value !== "")
        .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]),
    ),
  );
}

/** Shells have their own meanings for some codes. */
function exitCode(run: RunDetail): Child {
  const { exitCode: code } = run;
  if (code === null) return null;
  const hint =
    code === 126 || code === 127
      ? t(`run:facts.exit.${code}`)
      : code > 128 && code <= 128 + 64
        ? t("run:facts.exit.signal", { signal: signalName(code - 128) })
        : null;
  return hint ? `${code} (${hint})` : code;
}

function lateness(run: RunDetail): Child {
  const late = latenessMs(run);
  if (late === null) return null;
  return formatDuration(Math.max(0, late), locale());
}

function memory(run: RunDetail): Child {
  if (run.maxRssKb !== null) return formatBytes(run.maxRssKb * 1024, locale());
  return run.startTime && run.endTime && h("span.text-body-secondary", null, t("run:facts.notMeasured"));
}

function size(run: RunDetail): Child {
  const bytes = formatBytes(run.outputBytes, locale());
  return run.truncated ? t("run:facts.kept", { size: bytes }) : bytes;
}

function exactly(iso: string | null): Child {
  if (!iso) return null;
  const short = dateFormat(locale(), TO_THE_MILLISECOND);
  return h("time", { datetime: iso, title: exactTime(ms(iso), { locale: locale() }) }, short.format(ms(iso)));
}
