// @vitest-environment node
import { expect, it } from "vitest";

import { percentile, summarize } from "../../src/lib/stats";

it("takes a value that was measured, by nearest rank", () => {
  const sorted = Array.from({ length: 20 }, (_, index) => index + 1);
  expect(percentile(sorted, 0)).toBe(1);
  expect(percentile(sorted, 50)).toBe(10);
  expect(percentile(sorted, 95)).toBe(19);
  expect(percentile(sorted, 96)).toBe(20);
  expect(percentile(sorted, 100)).toBe(20);
  expect(percentile([7], 50)).toBe(7);
  expect(percentile([], 50)).toBeNull();
});

it("sums up in any order, passing over what is not a number", () => {
  expect(summarize([300, 20, 1000, Number.NaN])).toEqual({ count: 3, p50: 300, p95: 1000, max: 1000 });
  expect(summarize([])).toEqual({ count: 0, p50: null, p95: null, max: null });
});
