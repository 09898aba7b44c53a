import { describe, expect, it } from "vitest";
import type { Schemas } from "../../src/api/client";
import { conditionOf, takesRuns } from "../../src/pages/shared/worker-condition";
import { findWorkers, orderWorkers } from "../../src/pages/shared/worker-order";

type Worker = Schemas["WorkerView"];

function worker(id: string, more: Partial<Worker> = {}): Worker {
  return {
    id,
    host: "host-1",
    pid: 1,
    version: "1.2.0",
    started: "2030-01-01T00:00:00.000Z",
    labels: {},
    capacity: 4,
    running: 0,
    state: "active",
    reason: "",
    silent: false,
    drained: false,
    clockOffsetMs: 0,
    latenessMs: 0,
    ...more,
  };
}

const ids = (workers: readonly Worker[]) => workers.map(({ id }) => id);

describe("the condition of a worker", () => {
  it("is what matters most", () => {
    expect(conditionOf(worker("a"))).toBe("active");
    expect(conditionOf(worker("a", { running: 4 }))).toBe("full");
    expect(conditionOf(worker("a", { running: 4, drained: true }))).toBe("drained");
    expect(conditionOf(worker("a", { state: "drained" }))).toBe("drained");
    expect(conditionOf(worker("a", { state: "suspended", drained: true }))).toBe("suspended");
    expect(conditionOf(worker("a", { state: "stopping", silent: true }))).toBe("silent");
  });

  it("says whether it takes runs", () => {
    expect(takesRuns(worker("a", { running: 4 }))).toBe(true);
    expect(takesRuns(worker("a", { drained: true }))).toBe(false);
  });
});

describe("the order of workers", () => {
  const all = [
    worker("w-10"),
    worker("w-2", { running: 3, latenessMs: 12, clockOffsetMs: -900 }),
    worker("w-1", { running: 1, clockOffsetMs: 20, started: "2030-01-02T00:00:00.000Z" }),
    worker("w-3", { silent: true, version: "1.10.0" }),
  ];

  it("puts trouble first, then the busiest, then goes by name", () => {
    expect(ids(orderWorkers(all, "condition"))).toEqual(["w-3", "w-2", "w-1", "w-10"]);
  });

  it("counts the numbers in names and versions", () => {
    expect(ids(orderWorkers(all, "id"))).toEqual(["w-1", "w-2", "w-3", "w-10"]);
    expect(ids(orderWorkers(all, "-id"))).toEqual(["w-10", "w-3", "w-2", "w-1"]);
    expect(ids(orderWorkers(all, "-version"))[0]).toBe("w-3");
  });

  it("goes by figures in both directions", () => {
    expect(ids(orderWorkers(all, "-load")).slice(0, 2)).toEqual(["w-2", "w-1"]);
    expect(ids(orderWorkers(all, "-lateness"))[0]).toBe("w-2");
    expect(ids(orderWorkers(all, "-clock")).slice(0, 2)).toEqual(["w-2", "w-1"]);
    expect(ids(orderWorkers(all, "started"))[0]).toBe("w-1"); // the shortest time up
  });

  it("leaves the list as it was", () => {
    const given = [...all];
    orderWorkers(given, "id");
    expect(given).toEqual(all);
  });
});

describe("finding workers", () => {
  const all = [
    worker("alpha", { labels: { zone: "a", disk: "ssd" } }),
    worker("beta", { labels: { zone: "b" }, host: "Berlin-7", drained: true }),
  ];

  it("looks at names, hosts, labels and conditions", () => {
    expect(ids(findWorkers(all, "ALPHA"))).toEqual(["alpha"]);
    expect(ids(findWorkers(all, "berlin"))).toEqual(["beta"]);
    expect(ids(findWorkers(all, "zone=a ssd"))).toEqual(["alpha"]);
    expect(ids(findWorkers(all, "drained"))).toEqual(["beta"]);
  });

  it("wants every word, and shows all without one", () => {
    expect(findWorkers(all, "zone=a beta")).toEqual([]);
    expect(findWorkers(all, "  ")).toHaveLength(2);
  });
});
