import { describe, expect, it } from "vitest";
import { oldestAfter, type List } from "../../src/pages/run/neighbours";

/** A job's runs as the API lists them: newest first, a page at most. */
function listOf(times: readonly number[]): { list: List; asked: () => number } {
  let asked = 0;
  const list: List = ({ since = -Infinity, until = Infinity, limit }) => {
    asked += 1;
    const found = times.filter((time) => time >= since && time < until).sort((a, b) => b - a);
    return Promise.resolve({
      items: found
        .slice(0, limit)
        .map((time) => ({ id: String(time), planTime: new Date(time).toISOString() })),
      next: found.length > limit ? "more" : null,
    });
  };
  return { list, asked: () => asked };
}

const MINUTE = 60_000;
const minutes = (count: number) => Array.from({ length: count }, (_, place) => place * MINUTE);

describe("the run after another", () => {
  it("is the oldest of the later ones", async () => {
    const { list, asked } = listOf(minutes(50));
    expect((await oldestAfter(10 * MINUTE, list))?.id).toBe(String(11 * MINUTE));
    expect(asked()).toBe(1);
  });

  it("is not there for the last run", async () => {
    expect(await oldestAfter(49 * MINUTE, listOf(minutes(50)).list)).toBeNull();
  });

  it("is found among a great many in a few steps", async () => {
    const { list, asked } = listOf(minutes(500_000));
    expect((await oldestAfter(3 * MINUTE, list))?.id).toBe(String(4 * MINUTE));
    expect(asked()).toBeLessThanOrEqual(3);
  });

  it("is found where the job was still for long, and has run often since", async () => {
    const seconds = Array.from({ length: 5_000 }, (_, place) => 90_000_000 + place * 1_000);
    const { list, asked } = listOf([0, 80_000_000, ...seconds]);
    expect((await oldestAfter(0, list))?.id).toBe("80000000");
    expect(asked()).toBeLessThanOrEqual(10);
  });
});
