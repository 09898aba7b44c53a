import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heardDate, serverNow } from "../../src/api/clock";

const NOW = Date.UTC(2030, 0, 31, 8, 0, 0, 400);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});

afterEach(() => {
  heardDate(new Date(Date.now()).toUTCString());
  vi.useRealTimers();
});

describe("the server's clock", () => {
  it("is the browser's while they differ by less than the header can tell", () => {
    heardDate("Thu, 31 Jan 2030 07:59:59 GMT");
    expect(serverNow()).toBe(NOW);
  });

  it("goes on from what an answer said", () => {
    heardDate("Thu, 31 Jan 2030 07:50:00 GMT");
    expect(Math.abs(serverNow() - (NOW - 600_000))).toBeLessThanOrEqual(500);
    const before = serverNow();
    vi.setSystemTime(NOW + 5_000);
    expect(serverNow() - before).toBe(5_000);
  });

  it("is right again once the browser's has been set", () => {
    heardDate("Thu, 31 Jan 2030 07:50:00 GMT");
    heardDate("Thu, 31 Jan 2030 08:00:00 GMT");
    expect(serverNow()).toBe(NOW);
  });

  it.each([null, "", "soon"])("learns nothing of %j", (date) => {
    heardDate("Thu, 31 Jan 2030 07:50:00 GMT");
    const before = serverNow();
    heardDate(date);
    expect(serverNow()).toBe(before);
  });
});
