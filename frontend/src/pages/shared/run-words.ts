/** A run in words: what it ended with and why, how late it was, how it was started. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { formatDuration } from "../../lib/time";
import { h } from "../../ui/dom";
import { ms } from "../../ui/time";
import { reasonsOf, type Reason } from "./run-reason";

type RunView = Schemas["RunView"];

const NOTABLY_LATE_MS = 1_000;
const VERY_LATE_MS = 10_000;

const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/** `SIGKILL (9)`; the number alone where the signal has no name on every Linux. */
export function signalName(signal: number): string {
  const name = SIGNALS[signal];
  return name ? `${name} (${signal})` : String(signal);
}

/** Why it ended as it did, in one line; null for a success, or while there is nothing to say. */
export function outcomeText(run: RunView): string | null {
  const reasons = reasonsOf(run.reason).map((reason) =>
    typeof reason === "string" ? reason : reasonText(reason),
  );
  if (run.signal !== null && !/^(ended by signal|$)/.test(run.reason))
    reasons.push(t("runs:reason.signal", { signal: signalName(run.signal) }));
  if (run.count > 1)
    reasons.unshift(t(`runs:range.${run.status === "missed" ? "missed" : "skipped"}`, counted(run)));
  return reasons.length ? reasons.join(t("runs:reason.joint")) : null;
}

/** Milliseconds from the planned to the actual start; null where the two have nothing to do with each other. */
export function latenessMs(run: RunView): number | null {
  if (!run.startTime || run.trigger === "retry") return null;
  return ms(run.startTime) - ms(run.planTime);
}

/** Lateness where it is worth a word, else null. */
export function latenessBadge(run: RunView): HTMLElement | null {
  const late = latenessMs(run);
  if (late === null || late < NOTABLY_LATE_MS) return null;
  const text = t("runs:late", { duration: formatDuration(late, locale()) });
  return h("span.text-nowrap", { class: late < VERY_LATE_MS ? "text-body-secondary" : "late" }, text);
}

/** `Schedule`, `By hand (admin)`, with the attempt from the second on. */
export function triggerText(run: RunView): string {
  const words = [t(`trigger.${run.trigger}`)];
  if (run.attempt > 1) words.push(t("runs:attempt", { attempt: run.attempt }));
  return words.join(" · ");
}

/** For `{{count}}` with the plural form and the number as people write it. */
export function counted({ count }: { count: number }): { count: number; number: string } {
  return { count, number: formatNumber(count, locale()) };
}

function reasonText({ key, values }: Reason): string {
  if (key === "signal") return t("runs:reason.signal", { signal: signalName(Number(values.signal)) });
  if (key === "timeout" || key === "timeoutBefore")
    return t(`runs:reason.${key}`, { duration: formatDuration(Number(values.seconds) * 1000, locale()) });
  return t(`runs:reason.${key}`, { ...values, count: Number(values.count ?? 0) });
}
