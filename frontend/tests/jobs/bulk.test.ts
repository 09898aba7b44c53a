// @vitest-environment node
import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/problem";
import { BulkRun, type BulkCall } from "../../src/pages/jobs/bulk";

type Ask = ConstructorParameters<typeof BulkRun>[3];
type Answer = Awaited<ReturnType<Ask>>;

const names = (count: number) => Array.from({ length: count }, (_, place) => `job-${place}`);
const items = (of: readonly string[], failing: readonly string[] = []): Answer["items"] =>
  of.map((name) => ({
    name,
    result: failing.includes(name) ? "failed" : "done",
    detail: failing.includes(name) ? "no" : "",
    runIds: [],
  }));

/** A server with `all` jobs that match any filter; `calls` is what it was asked. */
function server(all: readonly string[], failing: readonly string[] = []) {
  const calls: BulkCall[] = [];
  const ask = (body: BulkCall): Promise<Answer> => {
    calls.push(body);
    if (body.names)
      return Promise.resolve({ items: items(body.names, failing), total: body.names.length, next: null });
    const start = Number(body.cursor ?? 0);
    const end = start + (body.limit ?? 200);
    return Promise.resolve({
      items: items(all.slice(start, end), failing),
      total: all.length,
      next: end < all.length ? String(end) : null,
    });
  };
  return { calls, ask };
}

/** As `ask`, but the answer of its call number `place` is lost. */
function losing(ask: Ask, place: number, error: Error): Ask {
  let count = 0;
  return async (body) => {
    const answer = await ask(body);
    if (++count === place) throw error;
    return answer;
  };
}

/** As `ask`, but call number `place` does not come to it. */
function refusing(ask: Ask, place: number, error: Error): Ask {
  let count = 0;
  return (body) => (++count === place ? Promise.reject(error) : ask(body));
}

describe("named jobs", () => {
  it("are worked through in stretches, with progress after each", async () => {
    const { ask, calls } = server([]);
    const run = new BulkRun("pause", { names: names(250) }, 250, ask);
    const seen: number[] = [];
    await run.go(() => seen.push(run.tried));
    expect(seen).toEqual([100, 200, 250]);
    expect(run.finished).toBe(true);
    expect(calls.flatMap((call) => call.names)).toEqual(names(250));
  });

  it("end after the stretch under way when stopped, and go on from there", async () => {
    const { ask } = server([]);
    const run = new BulkRun("run", { names: names(250) }, 250, ask);
    await run.go(() => run.stop());
    expect([run.tried, run.finished]).toEqual([100, false]);
    await run.go(() => undefined);
    expect([run.tried, run.done, run.finished]).toEqual([250, 250, true]);
  });

  it("are not lost to a call that fails", async () => {
    const { ask, calls } = server([]);
    let broken = true;
    const run = new BulkRun("pause", { names: names(150) }, 150, (body) => {
      if (calls.length === 1 && broken) {
        broken = false;
        return Promise.reject(new ApiError(0, "away"));
      }
      return ask(body);
    });
    await expect(run.go(() => undefined)).rejects.toThrow("away");
    expect(run.tried).toBe(100);
    await run.go(() => undefined);
    expect(calls.flatMap((call) => call.names)).toEqual(names(150));
  });

  it("are not run twice where an answer is lost", async () => {
    const { ask, calls } = server([]);
    const run = new BulkRun("run", { names: names(250) }, 250, losing(ask, 2, new ApiError(0, "away")));
    await expect(run.go(() => undefined)).rejects.toThrow("away");
    expect([run.done, run.unknown, run.tried, run.canGoOn]).toEqual([100, 100, 200, true]);
    await run.go(() => undefined);
    expect([run.done, run.unknown, run.tried, run.finished]).toEqual([150, 100, 250, true]);
    expect(calls.flatMap((call) => call.names)).toEqual(names(250));
  });

  it("are run after all where the server has refused", async () => {
    const { ask } = server([]);
    const run = new BulkRun("run", { names: names(150) }, 150, refusing(ask, 2, new ApiError(403, "no")));
    await expect(run.go(() => undefined)).rejects.toThrow("no");
    expect([run.done, run.unknown, run.canGoOn]).toEqual([100, 0, true]);
    await run.go(() => undefined);
    expect([run.done, run.unknown, run.finished]).toEqual([150, 0, true]);
  });

  it("that failed can be tried again, and only these", async () => {
    const failing = ["job-3", "job-120"];
    const { ask, calls } = server([], failing);
    const run = new BulkRun("delete", { names: names(150) }, 150, ask);
    await run.go(() => undefined);
    expect([run.done, run.failures.map(({ name }) => name)]).toEqual([148, failing]);
    const again = run.again();
    expect(again.total).toBe(2);
    await again.go(() => undefined);
    expect(calls.at(-1)?.names).toEqual(failing);
  });
});

describe("jobs of a filter", () => {
  const filter = { q: "x", group: null, tag: null, state: null };

  it("are continued by cursor until there is none", async () => {
    const { ask, calls } = server(names(230));
    const run = new BulkRun("tag", { filter }, 230, ask, { addTags: ["new"], group: null });
    await run.go(() => undefined);
    expect(calls.map(({ cursor }) => cursor)).toEqual([undefined, "100", "200"]);
    expect(calls.every((call) => call.addTags?.[0] === "new" && call.group === null)).toBe(true);
    expect([run.done, run.total, run.finished]).toEqual([230, 230, true]);
  });

  it("cannot be gone on with after a lost answer of a run, which may have run some", async () => {
    const { ask } = server(names(230));
    const run = new BulkRun("run", { filter }, 230, losing(ask, 3, new ApiError(0, "away")));
    await expect(run.go(() => undefined)).rejects.toThrow("away");
    expect([run.done, run.unknown, run.canGoOn, run.finished]).toEqual([200, 30, false, false]);
    await run.go(() => undefined);
    expect(run.tried).toBe(230);
  });

  it("may have become more or fewer", async () => {
    const more = new BulkRun("run", { filter }, 100, server(names(120)).ask);
    const totals: number[] = [];
    await more.go(() => totals.push(more.total));
    expect(totals).toEqual([120, 120]);
    const fewer = new BulkRun("run", { filter }, 100, server(names(20)).ask);
    await fewer.go(() => undefined);
    expect([fewer.total, fewer.tried]).toEqual([20, 20]);
  });

  it("names no group where the action is not about groups", async () => {
    const { ask, calls } = server(names(1));
    await new BulkRun("kill", { filter }, 1, ask).go(() => undefined);
    expect(calls[0]).not.toHaveProperty("group");
    expect(calls[0]).not.toHaveProperty("cursor");
  });
});
