/** The runs of the same job before and after one. */

import { api, call, type Schemas } from "../../api/client";
import { ms } from "../../ui/time";

export interface Neighbours {
  previous: string | null;
  next: string | null;
}

/** What is needed of a run here. */
interface Planned {
  id: string;
  planTime: string;
}

/** Runs planned from `since` on, before `until` (ms); newest first, with more to come where `next` is not null. */
export type List = (query: {
  since?: number;
  until?: number;
  limit: number;
}) => Promise<{ items: readonly Planned[]; next: string | null }>;

const LATER = 100;
const TRIES = 16;

export async function neighbours(run: Schemas["RunDetail"], signal: AbortSignal): Promise<Neighbours> {
  const list: List = ({ since, until, limit }) => {
    const query = {
      job: run.jobName,
      limit,
      ...(since !== undefined && { since: new Date(since).toISOString() }),
      ...(until !== undefined && { until: new Date(until).toISOString() }),
    };
    return call(() => api.GET("/api/v1/runs", { params: { query }, signal }));
  };
  const plan = ms(run.planTime);
  const [earlier, next] = await Promise.all([list({ until: plan, limit: 1 }), oldestAfter(plan, list)]);
  return { previous: latest(earlier.items)?.id ?? null, next: next?.id ?? null };
}

/**
 * The first run planned after `plan` (ms). The list begins with the newest, so that a window is looked for which
 * holds a page at most and not nothing: first one as wide as runs lie close together, then between the widest that
 * was empty and the narrowest that was too full. Null: none, or not found.
 */
export async function oldestAfter(plan: number, list: List): Promise<Planned | null> {
  const since = plan + 1;
  let empty = 0;
  let full = Infinity;
  let width = Infinity;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { items, next } = await list({
      since,
      ...(width < Infinity && { until: since + width }),
      limit: LATER,
    });
    const times = items.map(({ planTime }) => ms(planTime));
    const oldest = Math.min(...times);
    if (next === null && (items.length > 0 || width === Infinity))
      return items[times.indexOf(oldest)] ?? null;
    if (next === null) empty = width;
    else full = Math.max(1, oldest - since);
    const gap = next === null ? 0 : (Math.max(...times) - oldest) / times.length;
    const near = gap * (LATER / 2);
    width = Math.ceil(near > empty && near < full ? near : Math.sqrt(Math.max(1, empty) * full));
  }
  return null;
}

function latest(items: readonly Planned[]): Planned | undefined {
  return items.toSorted((one, other) => ms(one.planTime) - ms(other.planTime)).at(-1);
}
