import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gather } from "../../src/pages/shared/gather";

const MIN_MS = 1_000;

let leaving: AbortController;
let hidden: boolean;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  leaving = new AbortController();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  leaving.abort();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function context() {
  const { signal } = leaving;
  return { signal, onLeave: (act: () => void) => signal.addEventListener("abort", act) };
}

/** An act that takes `ms`. */
function act(ms = 10) {
  return vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
}

describe("gathered requests", () => {
  it("come at once, and the many of one moment as one more", async () => {
    const done = act();
    const ask = gather(context(), MIN_MS, done);
    for (let i = 0; i < 50; i += 1) ask();
    expect(done).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(MIN_MS);
    expect(done).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(done).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(10 * MIN_MS);
    expect(done).toHaveBeenCalledTimes(2);
  });

  it("do not overlap, and give a slow server time", async () => {
    const done = act(5_000);
    const ask = gather(context(), MIN_MS, done);
    ask();
    await vi.advanceTimersByTimeAsync(4_000);
    ask();
    await vi.advanceTimersByTimeAsync(1_000 + 44_000);
    expect(done).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(done).toHaveBeenCalledTimes(2);
  });

  it("do not wait for a click", async () => {
    const done = act();
    const ask = gather(context(), MIN_MS, done);
    ask();
    await vi.advanceTimersByTimeAsync(10);
    ask();
    expect(done).toHaveBeenCalledTimes(1);
    ask(true);
    expect(done).toHaveBeenCalledTimes(2);
  });

  it("give way to a click, whose own request follows without a rest", async () => {
    const signals: AbortSignal[] = [];
    const done = vi.fn((signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
      });
    });
    const ask = gather(context(), MIN_MS, done);
    ask();
    await vi.advanceTimersByTimeAsync(500);
    ask();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    ask(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    leaving.abort();
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it("wait until the tab is seen", () => {
    const done = act();
    const ask = gather(context(), MIN_MS, done);
    hidden = true;
    ask();
    expect(done).not.toHaveBeenCalled();
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("end with the page", async () => {
    const done = act();
    const ask = gather(context(), MIN_MS, done);
    ask();
    await vi.advanceTimersByTimeAsync(10);
    ask();
    leaving.abort();
    await vi.advanceTimersByTimeAsync(10 * MIN_MS);
    ask(true);
    expect(done).toHaveBeenCalledTimes(1);
  });
});
