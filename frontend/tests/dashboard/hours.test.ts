import { describe, expect, it } from "vitest";
import { byHour, firstHour, HOURS } from "../../src/pages/dashboard/hours";

const HOUR_MS = 3_600_000;
const at = (iso: string) => Date.parse(iso);

describe("the first hour", () => {
  it("is 23 hours before the one that is going on", () => {
    const first = firstHour(at("2030-03-05T14:03:07.250Z"), "UTC");
    expect(new Date(first).toISOString()).toBe("2030-03-04T15:00:00.000Z");
  });

  it("begins when the viewer's clock shows a whole hour", () => {
    const first = firstHour(at("2030-03-05T14:03:07.250Z"), "Asia/Kolkata"); // 19:33 there
    expect(new Date(first).toISOString()).toBe("2030-03-04T14:30:00.000Z");
    const nepal = firstHour(at("2030-03-05T14:20:00Z"), "Asia/Kathmandu"); // 20:05 there
    expect(new Date(nepal).toISOString()).toBe("2030-03-04T15:15:00.000Z");
  });

  it("is 24 hours long ago on the day that the clock changes too", () => {
    const now = at("2030-03-31T10:59:59.999Z");
    expect(firstHour(now, "Europe/Berlin")).toBe(at("2030-03-31T10:00:00Z") - 23 * HOUR_MS);
  });

  it("is the present hour's, at its very start", () => {
    const now = at("2030-03-05T14:00:00Z");
    expect(firstHour(now, "UTC")).toBe(now - 23 * HOUR_MS);
  });
});

describe("runs by hour", () => {
  const first = at("2030-03-04T14:30:00Z");

  it("adds up the quarters of an hour and leaves empty hours empty", () => {
    const hours = byHour(
      [
        { start: "2030-03-04T14:30:00.000Z", runs: { succeeded: 5, failed: 1 } },
        { start: "2030-03-04T15:15:00.000Z", runs: { succeeded: 2 } },
        { start: "2030-03-04T15:30:00.000Z", runs: { missed: 7 } },
      ],
      first,
    );
    expect(hours).toHaveLength(HOURS);
    expect(hours[0]).toEqual({
      start: first,
      end: first + HOUR_MS,
      runs: { succeeded: 7, failed: 1 },
      total: 8,
    });
    expect(hours[1]?.runs).toEqual({ missed: 7 });
    expect(hours[2]).toMatchObject({ runs: {}, total: 0 });
  });

  it("leaves out what lies before and after", () => {
    const hours = byHour(
      [
        { start: "2030-03-04T14:15:00.000Z", runs: { succeeded: 5 } },
        { start: "2030-03-05T14:30:00.000Z", runs: { succeeded: 5 } },
      ],
      first,
    );
    expect(hours.reduce((sum, hour) => sum + hour.total, 0)).toBe(0);
  });
});
