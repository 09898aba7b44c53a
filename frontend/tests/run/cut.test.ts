import { describe, expect, it } from "vitest";
import { halvesOf } from "../../src/pages/run/output/cut";

const MARK = "\n… 1,234,567 bytes cut …\n";

describe("the cut in a stored output", () => {
  it("parts head and tail", () => {
    expect(halvesOf(`head\nhe${MARK}il\ntail\n`)).toEqual({
      head: "head\nhe",
      bytes: 1_234_567,
      tail: "il\ntail\n",
    });
  });

  it("is the mark in the middle where the command printed such words itself", () => {
    const own = "\n… 1 bytes cut …\n";
    const found = halvesOf(`${own}${"a".repeat(200)}${MARK}${"b".repeat(150)}${own}`);
    expect(found?.bytes).toBe(1_234_567);
    expect(found?.head.startsWith(own)).toBe(true);
    expect(found?.tail.endsWith(own)).toBe(true);
  });

  it("is nowhere in other text", () => {
    expect(halvesOf("12 bytes cut\n… many bytes cut …\n")).toBeNull();
  });
});
