import { describe, expect, it } from "vitest";
import { lineElement, rangeIn, SHOWN } from "../../src/pages/run/output/line";
import { lineText, OutputLines } from "../../src/pages/run/output/lines";

function element(text: string, shown = SHOWN): HTMLElement {
  const output = new OutputLines();
  output.push(text);
  return lineElement(output.open.line, "7", shown);
}

describe("a line on the page", () => {
  it("shows what looks like HTML as text", () => {
    const made = element('<img src=x onerror="alert(1)">');
    expect(made.querySelector("img")).toBeNull();
    expect(made.textContent).toBe('<img src=x onerror="alert(1)">');
    expect(made.dataset.n).toBe("7");
  });

  it("has palette colours as classes and other colours as properties", () => {
    const [red, own] = element("\x1b[1;31mred\x1b[0;38;2;1;2;3mown").querySelectorAll("span span");
    expect(red?.className).toBe("ansi-bold ansi-fg-red");
    expect(own?.className).toBe("ansi-fg-own");
    expect((own as HTMLElement).style.getPropertyValue("--fg")).toBe("#010203");
  });

  it("is cut where it is very long, with a button for the rest", () => {
    const made = element("x".repeat(50), 20);
    expect(made.querySelector(".out-text")?.textContent).toBe("x".repeat(20));
    expect(made.querySelector("button")).not.toBeNull();
    expect(element("x".repeat(20), 20).querySelector("button")).toBeNull();
  });

  it("gives the range of columns that cross its styles", () => {
    const made = element("ab\x1b[31mcd\x1b[0mef");
    expect(rangeIn(made, 1, 5)?.toString()).toBe("bcde");
    expect(rangeIn(made, 4, 9)).toBeNull();
  });
});

describe("a line's text", () => {
  it("is all of its spans", () => {
    const output = new OutputLines();
    output.push("a\x1b[32mb\x1b[0mc");
    expect(lineText(output.open.line)).toBe("abc");
  });
});
