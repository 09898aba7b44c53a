/** How long a token lives. Pure. */

const DAY_MS = 86_400_000;

const DAYS = { week: 7, month: 30, quarter: 90, year: 365, never: null } as const;

export type Expiry = keyof typeof DAYS;

export const EXPIRIES = Object.keys(DAYS) as Expiry[];

/** When a token made at `now` (ms) ends, as the API takes it; null: never. */
export function expiresAt(expiry: Expiry, now: number): string | null {
  const days = DAYS[expiry];
  return days === null ? null : new Date(now + days * DAY_MS).toISOString();
}

/** Whether it is over, or will be within a week. */
export function urgency(expires: string | null, now: number): "over" | "soon" | null {
  if (expires === null) return null;
  const left = Date.parse(expires) - now;
  if (left <= 0) return "over";
  return left <= 7 * DAY_MS ? "soon" : null;
}
