import { describe, expect, it } from "vitest";

import type { Schemas } from "../../src/api/client";
import { runBars } from "../../src/pages/job/run-bars";

type RunView = Schemas["RunView"];

const START = Date.parse("2030-01-31T08:00:00Z");

function run(minute: number, seconds: number | null, more: Partial<RunView> = {}): RunView {
  const start = START + minute * 60_000;
  return {
    id: `run-${minute}`,
    jobName: "backup",
    status: "succeeded",
    planTime: new Date(start).toISOString(),
    startTime: seconds === null ? null : new Date(start).toISOString(),
    endTime: seconds === null ? null : new Date(start + seconds * 1000).toISOString(),
    ...more,
  } as RunView;
}

describe("runBars", () => {
  it("puts the oldest run first, whatever the order of the list", () => {
    const { bars } = runBars([run(2, 1), run(3, 1), run(1, 1)], START);
    expect(bars.map((bar) => bar.run.id)).toEqual(["run-1", "run-2", "run-3"]);
  });

  it("counts a run in progress up to now, but not among the durations", () => {
    const running = run(1, 0, { status: "running", endTime: null });
    const { bars, durations } = runBars([running, run(0, 4)], START + 60_000 + 90_000);
    expect(bars.map((bar) => bar.seconds)).toEqual([4, 90]);
    expect(durations).toMatchObject({ count: 1, p50: 4_000, max: 4_000 });
  });

  it("keeps fires that never started, without a duration", () => {
    const { bars, durations } = runBars([run(0, null, { status: "missed" })], START);
    expect(bars[0]?.seconds).toBeNull();
    expect(durations.count).toBe(0);
  });

  it("leaves out orders that no worker has taken", () => {
    expect(runBars([run(0, null, { status: "queued" })], START).bars).toEqual([]);
  });

  it("asks for a logarithmic scale only where one run hides the others", () => {
    const usual = [run(0, 1), run(1, 1), run(2, 2)];
    expect(runBars(usual, START).logarithmic).toBe(false);
    expect(runBars([...usual, run(3, 300)], START).logarithmic).toBe(true);
  });
});
