// @vitest-environment node
import { expect, it } from "vitest";

import { formatBytes, formatCompact, formatNumber, formatPercent } from "../../src/lib/number";

it("groups digits and rounds", () => {
  expect(formatNumber(1_234_567, "en")).toBe("1,234,567");
  expect(formatNumber(0.126, "zh-CN", 2)).toBe("0.13");
});

it("shortens large numbers in the reader's way", () => {
  expect(formatCompact(12_345, "en")).toBe("12.3K");
  expect(formatCompact(12_345, "zh-CN")).toBe("1.2万");
  expect(formatCompact(7, "en")).toBe("7");
});

it.each([
  [0, "0 B"],
  [1023, "1,023 B"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [262_144, "256 KiB"],
  [1024 ** 2 - 1, "1 MiB"],
  [8_388_608, "8 MiB"],
  [1024 ** 5, "1,024 TiB"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes, "en")).toBe(text);
});

it("never rounds something to nothing, nor a little less to all", () => {
  expect(formatPercent(0, "en")).toBe("0%");
  expect(formatPercent(0.00001, "en")).toBe("<0.1%");
  expect(formatPercent(0.1234, "en")).toBe("12.3%");
  expect(formatPercent(0.99999, "zh-CN")).toBe(">99.9%");
  expect(formatPercent(1, "en")).toBe("100%");
});
