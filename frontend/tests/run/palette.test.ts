import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/pages/run/output/ansi.css", "utf8");
const pages = { light: "#fbfcfd", dark: "#0d1117" };

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(["light", "dark"] as const)("the 16 colours in the %s theme", (theme) => {
  const block = css.split("}")[theme === "light" ? 0 : 1] ?? "";
  const colors = [...block.matchAll(/--ansi-(on-)?((?:bright-)?[a-z]+): (#\w{6})/g)];
  const text = colors.filter(([, on]) => !on).map(([, , name, hex]) => ({ name, hex: hex ?? "" }));
  const background = colors.filter(([, on]) => on).map(([, , name, hex]) => ({ name, hex: hex ?? "" }));

  it("are all there", () => {
    expect(text).toHaveLength(16);
    expect(background).toHaveLength(16);
  });

  it("can be read on each of the 16 backgrounds and on the page (WCAG AA)", () => {
    const hard = text.flatMap((front) =>
      [...background, { name: "page", hex: pages[theme] }]
        .filter((back) => contrast(front.hex, back.hex) < 4.5)
        .map((back) => `${front.name} on ${back.name}: ${contrast(front.hex, back.hex).toFixed(2)}`),
    );
    expect(hard).toEqual([]);
  });
});
