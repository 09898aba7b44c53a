/** Errors in the reader's words. */

import { ApiError } from "../api/problem";
import { locale, t } from "../i18n";
import { translateProblem } from "../lib/problems-zh";

/** One sentence for any error. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiError)) return t("unexpected", { detail: String(error) });
  if (error.message) return translateProblem(error.message, locale());
  return error.status === 0 ? t("noAnswer") : t("badAnswer", { status: error.status });
}

/** A message of the server about one field. */
export function fieldText(message: string): string {
  return translateProblem(message, locale());
}
