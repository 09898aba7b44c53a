// @vitest-environment node
import { describe, expect, it } from "vitest";

import { ellipsis, hashHue } from "../../src/lib/text";

describe("ellipsis", () => {
  it.each([
    ["short", 5, "short"],
    ["longer", 5, "long…"],
    ["two words", 5, "two…"],
    ["备份数据库", 4, "备份数…"],
    // Five characters of 11, 2, 2, 2 and 2 code units.
    ["👨‍👩‍👧‍👦é🇨🇳x́y", 5, "👨‍👩‍👧‍👦é🇨🇳x́y"],
    ["👨‍👩‍👧‍👦é🇨🇳x́y", 3, "👨‍👩‍👧‍👦é…"],
    ["", 3, ""],
  ])("cuts %s to %d as %s", (text, max, cut) => {
    expect(ellipsis(text, max)).toBe(cut);
  });

  it("looks no further than it must", () => {
    const started = performance.now();
    expect(ellipsis("x".repeat(8_000_000), 10)).toBe(`${"x".repeat(9)}…`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("hashHue", () => {
  it("is the same for the same text and spreads similar ones", () => {
    expect(hashHue("夜间")).toBe(hashHue("夜间"));
    const hues = Array.from({ length: 360 }, (_, index) => hashHue(`group-${index}`));
    expect(Math.min(...hues)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...hues)).toBeLessThan(360);
    const quarters = [0, 1, 2, 3].map(
      (quarter) => hues.filter((hue) => Math.floor(hue / 90) === quarter).length,
    );
    expect(Math.min(...quarters)).toBeGreaterThan(60);
  });
});
