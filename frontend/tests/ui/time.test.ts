import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const LATE = new Date(2030, 0, 31, 23, 59, 58);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval"], now: LATE });
  vi.resetModules();
});

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("times on the page", () => {
  it("get their day once another has begun", async () => {
    const { time } = await import("../../src/ui/time");
    const [minute, second] = [time(LATE.toISOString()), time(LATE.toISOString(), { seconds: true })];
    document.body.append(minute, second);
    vi.advanceTimersByTime(1_000);
    expect([minute.textContent, second.textContent]).toEqual(["23:59", "23:59:58"]);
    vi.advanceTimersByTime(2_000);
    expect(minute.textContent).toMatch(/31.*23:59$/);
    expect(second.textContent).toMatch(/31.*23:59:58$/);
  });

  it("count up", async () => {
    const { elapsed } = await import("../../src/ui/time");
    const counting = elapsed(LATE.toISOString());
    document.body.append(counting);
    vi.advanceTimersByTime(3_000);
    expect(counting.textContent).toBe("3 s");
  });
});
