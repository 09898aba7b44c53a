/** The runs of the same job before and after one. */

import { api, call, type Schemas } from "../../api/client";
import { ms } from "../../ui/time";

export interface Neighbours {
  previous: string | null;
  next: string | null;
}

const LATER = 200;

export async function neighbours(run: Schemas["RunDetail"], signal: AbortSignal): Promise<Neighbours> {
  const list = (query: { since?: string; until?: string; limit: number }) =>
    call(() => api.GET("/api/v1/runs", { params: { query: { job: run.jobName, ...query } }, signal }));
  const [earlier, later] = await Promise.all([
    list({ until: run.planTime, limit: 1 }),
    list({ since: new Date(ms(run.planTime) + 1).toISOString(), limit: LATER }),
  ]);
  const newest = byPlan(earlier.items).at(-1);
  // Newest first: only when all later ones are on the page is the last of them the next.
  const nearest = later.next === null ? byPlan(later.items)[0] : undefined;
  return { previous: newest?.id ?? null, next: nearest?.id ?? null };
}

function byPlan(items: readonly Schemas["RunView"][]): Schemas["RunView"][] {
  return items.toSorted((one, other) => ms(one.planTime) - ms(other.planTime));
}
