// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { once } from "../../src/pages/shared/once";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function answerAfter(ms: number) {
  return vi.fn(() => new Promise<string>((resolve) => setTimeout(() => resolve("done"), ms)));
}

describe("an order", () => {
  it("is given once by a double click, even where the first answer is quick", async () => {
    const act = answerAfter(20);
    const first = once("quick", act);
    await vi.advanceTimersByTimeAsync(200);
    expect(await first).toBe("done");
    expect(await once("quick", act)).toBeNull();
    expect(act).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    void once("quick", act);
    expect(act).toHaveBeenCalledTimes(2);
  });

  it("is not given again before the first one's answer, nor held up by others", async () => {
    const act = answerAfter(5_000);
    void once("slow", act);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await once("slow", act)).toBeNull();
    void once("other", act);
    expect(act).toHaveBeenCalledTimes(2);
  });

  it("can be given again after one that failed", async () => {
    await expect(once("bad", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await once("bad", () => Promise.resolve("yes"))).toBe("yes");
  });
});
