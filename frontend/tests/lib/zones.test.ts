// @vitest-environment node
import { describe, expect, it } from "vitest";

import {
  dayKey,
  daysBetween,
  fromLocalInput,
  isZone,
  localInputValue,
  offsetOf,
  viewerZone,
  zonedParts,
  zones,
} from "../../src/lib/zones";

const at = (text: string) => Date.parse(text);

describe("zones", () => {
  it("come with UTC first and each once", () => {
    const all = zones();
    expect(all[0]).toBe("UTC");
    expect(all).toContain("Asia/Shanghai");
    expect(new Set(all).size).toBe(all.length);
    expect(isZone(viewerZone())).toBe(true);
  });

  it("are known by name", () => {
    expect(isZone("Europe/Berlin")).toBe(true);
    expect(isZone("Mars/Olympus")).toBe(false);
    expect(isZone("")).toBe(false);
  });

  it("have a clock", () => {
    expect(zonedParts(at("2030-12-31T16:00:07.999Z"), "Asia/Shanghai")).toEqual({
      year: 2031,
      month: 1,
      day: 1,
      hour: 0,
      minute: 0,
      second: 7,
    });
  });

  it("have days of their own", () => {
    const instant = at("2030-01-31T20:00:00Z");
    expect(dayKey(instant, "UTC")).toBe("2030-01-31");
    expect(dayKey(instant, "Asia/Shanghai")).toBe("2030-02-01");
    expect(daysBetween(at("2030-01-31T15:59:59Z"), at("2030-01-31T16:00:00Z"), "Asia/Shanghai")).toBe(1);
    expect(daysBetween(at("2030-01-31T23:00:00Z"), at("2030-01-31T01:00:00Z"), "UTC")).toBe(0);
    expect(daysBetween(at("2030-02-03T01:00:00Z"), at("2030-01-31T23:00:00Z"), "UTC")).toBe(-3);
  });

  it("have an offset that follows the season", () => {
    expect(offsetOf(at("2030-01-31T00:00:00Z"), "Asia/Shanghai")).toBe("+08:00");
    expect(offsetOf(at("2030-01-31T00:00:00Z"), "Europe/Berlin")).toBe("+01:00");
    expect(offsetOf(at("2030-07-31T00:00:00.500Z"), "Europe/Berlin")).toBe("+02:00");
    expect(offsetOf(at("2030-01-31T00:00:00Z"), "America/St_Johns")).toBe("-03:30");
    expect(offsetOf(at("2030-01-31T00:00:00Z"), "UTC")).toBe("+00:00");
  });
});

describe("a datetime-local input", () => {
  it("shows the wall clock of any zone, seconds only where there are some", () => {
    expect(localInputValue(at("2030-01-31T00:00:00Z"), "Asia/Shanghai")).toBe("2030-01-31T08:00");
    expect(localInputValue(at("2030-01-31T00:00:05.900Z"), "Asia/Shanghai")).toBe("2030-01-31T08:00:05");
  });

  it("is read back to the same instant, hour by hour through both changes of the clock", () => {
    for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"]) {
      for (const start of ["2025-03-08T00:00:00Z", "2025-03-29T00:00:00Z", "2025-10-04T00:00:00Z"]) {
        for (let hour = 0; hour < 72; hour += 1) {
          const instant = at(start) + hour * 3_600_000;
          const read = fromLocalInput(localInputValue(instant, zone), zone);
          expect(read).toBe(instant);
        }
      }
    }
  });

  it("takes the first of two equal times when the clock goes back", () => {
    // 03:00 becomes 02:00 at 01:00 UTC.
    expect(fromLocalInput("2025-10-26T02:30", "Europe/Berlin")).toBe(at("2025-10-26T00:30:00Z"));
    expect(localInputValue(at("2025-10-26T01:30:00Z"), "Europe/Berlin")).toBe("2025-10-26T02:30");
  });

  it("passes over the hour that does not exist when the clock goes forward", () => {
    // 02:00 becomes 03:00 at 01:00 UTC.
    const read = fromLocalInput("2025-03-30T02:30", "Europe/Berlin");
    expect(read).toBe(at("2025-03-30T01:30:00Z"));
    expect(localInputValue(read ?? 0, "Europe/Berlin")).toBe("2025-03-30T03:30");
    expect(fromLocalInput("2025-03-30T01:59:59", "Europe/Berlin")).toBe(at("2025-03-30T00:59:59Z"));
    expect(fromLocalInput("2025-03-30T03:00", "Europe/Berlin")).toBe(at("2025-03-30T01:00:00Z"));
  });

  it.each(["", "2030", "2030-02-31T08:00", "2030-13-01T08:00", "2030-01-31T25:00", "2030-01-31 08:00", "x"])(
    "reads %j as nothing",
    (text) => {
      expect(fromLocalInput(text, "UTC")).toBeNull();
    },
  );
});
