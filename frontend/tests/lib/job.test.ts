// @vitest-environment node
import { describe, expect, it } from "vitest";

import { isName } from "../../src/lib/job";

describe("isName", () => {
  it.each([
    "a",
    "nightly-backup",
    "a b  c",
    "v1.2_x",
    "夜间备份",
    "Größe",
    "हिन्दी",
    "é",
    "٣",
    "x".repeat(128),
    "𠀀".repeat(128),
  ])("takes %s", (name) => {
    expect(isName(name)).toBe(true);
  });

  it.each([
    "",
    " a",
    "a ",
    "a/b",
    "a\tb",
    "a\nb",
    "--",
    "._-",
    "\u0301a",
    "a \u0301b",
    "<img src=x onerror=alert(1)>",
    "a\u0000",
    "a\u202eb",
    "🎉",
    "x".repeat(129),
  ])("refuses %j", (name) => {
    expect(isName(name)).toBe(false);
  });
});
