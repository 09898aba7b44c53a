import { describe, expect, it } from "vitest";

import type { Schemas } from "../../src/api/client";
import {
  busiest,
  groupsAt,
  hourLines,
  minutesOfHour,
  pileUps,
  quarterLine,
} from "../../src/pages/timeline/buckets";
import { pack } from "../../src/pages/timeline/pack";
import { colourOf, shadeOf, thresholds } from "../../src/pages/timeline/scale";
import { lanes, lastHours, runBars, ticks } from "../../src/pages/timeline/work";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT_8_10 = Date.parse("2030-01-31T08:10:00Z");

describe("hourLines", () => {
  const fires = Array.from({ length: 120 }, (_, minute) => minute);

  it("stand on the hours of the clock, empty where the window does not reach", () => {
    const [first, second, third] = hourLines({ start: AT_8_10, fires }, "UTC");
    expect(first?.start).toBe(AT_8_10 - 10 * MINUTE);
    expect(first?.cells.slice(8, 12)).toEqual([null, null, 0, 1]);
    expect(second?.cells[0]).toBe(50);
    expect(third?.cells.slice(8, 12)).toEqual([118, 119, null, null]);
  });

  it("follow zones that are not whole hours from UTC", () => {
    const [first] = hourLines({ start: AT_8_10, fires }, "Asia/Kolkata");
    expect(first?.cells.findIndex((cell) => cell !== null)).toBe(40);
  });

  it("lose no fire", () => {
    const lines = hourLines({ start: AT_8_10, fires }, "UTC");
    const total = fires.reduce((a, b) => a + b);
    expect(lines.reduce((sum, line) => sum + line.total, 0)).toBe(total);
    expect(minutesOfHour(lines).reduce((a, b) => a + b)).toBe(total);
    expect(minutesOfHour(lines)[10]).toBe(0 + 60);
  });
});

describe("quarterLine", () => {
  it("sums whole quarters of the clock; the first has begun already", () => {
    const line = quarterLine({ start: AT_8_10, fires: [1, 1, 1, 1, 1, 7, ...Array<number>(14).fill(0), 2] });
    expect(line.start).toBe(AT_8_10 - 10 * MINUTE);
    expect(line.cells).toEqual([5, 7, 2]);
    expect(busiest(line)).toEqual({ place: 1, count: 7 });
  });
});

describe("pileUps", () => {
  const groups = [
    { group: "a", total: 9, fires: [0, 1, 8] },
    { group: null, total: 12, fires: [0, 12, 0] },
  ];

  it("are the busiest minutes with who fires then, largest first", () => {
    const found = pileUps({ start: AT_8_10, fires: [0, 13, 8] }, groups, 5);
    expect(found.map(({ at, count }) => [at - AT_8_10, count])).toEqual([
      [MINUTE, 13],
      [2 * MINUTE, 8],
    ]);
    expect(found[0]?.groups).toEqual([
      { group: null, count: 12 },
      { group: "a", count: 1 },
    ]);
    expect(found[0]?.factor).toBeCloseTo(13 / 7);
  });

  it("are none where fires are even", () => {
    expect(pileUps({ start: AT_8_10, fires: [5, 5, 5] }, [], 5)).toEqual([]);
    expect(pileUps({ start: AT_8_10, fires: [0, 1, 0] }, [], 5)).toEqual([]);
  });

  it("leave out groups that do not fire then", () => {
    expect(groupsAt(groups, 2)).toEqual([{ group: "a", count: 8 }]);
  });
});

describe("shades", () => {
  it("grow from the usual count to the highest", () => {
    const steps = thresholds([...Array<number>(50).fill(10), 1_000]);
    expect(steps).toEqual([1, 22, 46, 100, 215, 464]);
    expect([0, 10, 22, 1_000].map((count) => shadeOf(count, steps))).toEqual([0, 1, 2, 6]);
  });

  it("are no more than there are counts, and spread over all colours", () => {
    const steps = thresholds([1, 2, 3, 0]);
    expect(steps).toEqual([1, 2, 3]);
    expect([0, 1, 2, 3].map((shade) => colourOf(shade, steps))).toEqual([0, 1, 4, 6]);
    expect(thresholds([0, 0])).toEqual([]);
  });
});

describe("pack", () => {
  it("puts what overlaps into rows of its own, and reuses a row that is free", () => {
    const bars = [
      { start: 0, end: 10 },
      { start: 5, end: 6 },
      { start: 10, end: 12 },
    ];
    const { rows, placed } = pack(bars, 1);
    expect(rows).toBe(2);
    expect(placed.map(({ row }) => row)).toEqual([0, 1, 0]);
  });

  it("gives short bars room", () => {
    expect(
      pack(
        [0, 1, 2].map((start) => ({ start, end: start })),
        5,
      ).rows,
    ).toBe(3);
  });
});

describe("lanes", () => {
  const work = {
    bucketSeconds: 900,
    workers: [
      {
        worker: "w",
        items: [
          { start: "2030-01-31T08:15:00.000Z", runs: { succeeded: 3, failed: 1 } },
          { start: "2030-01-30T08:00:00.000Z", runs: { succeeded: 99 } },
        ],
      },
    ],
  };

  it("have the buckets of the window in their places", () => {
    const window = lastHours(AT_8_10 + 10 * MINUTE, 1, 15 * MINUTE);
    expect(window.until - window.from).toBe(HOUR + 15 * MINUTE);
    const [lane] = lanes(work, window, ["failed"]);
    expect(lane?.buckets.at(-1)).toEqual({ succeeded: 3, failed: 1 });
    expect(lane).toMatchObject({ total: 4, bad: 1 });
  });
});

describe("ticks", () => {
  it("are round times of the viewer's clock within the window", () => {
    const window = { from: AT_8_10, until: AT_8_10 + HOUR };
    expect(ticks(window, 6, 0).map((at) => (at - AT_8_10) / MINUTE)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(ticks(window, 3, 5.5 * HOUR).map((at) => (at - AT_8_10) / MINUTE)).toEqual([20, 50]);
  });
});

describe("runBars", () => {
  const run = { id: "1", jobName: "j", worker: "w", planTime: "2030-01-31T08:10:00Z" };
  const bars = (more: object) => runBars([{ ...run, ...more } as Schemas["RunView"]], AT_8_10 + HOUR);

  it("end now while they run, and have no length where nothing started", () => {
    expect(bars({ status: "running", startTime: "2030-01-31T08:11:00Z", endTime: null })[0]).toMatchObject({
      start: AT_8_10 + MINUTE,
      end: AT_8_10 + HOUR,
      started: true,
    });
    expect(bars({ status: "missed", startTime: null, endTime: null })[0]).toMatchObject({
      start: AT_8_10,
      end: AT_8_10,
      started: false,
    });
    expect(bars({ status: "queued", startTime: null, endTime: null })).toEqual([]);
  });
});
