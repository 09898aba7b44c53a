// @vitest-environment node
import { describe, expect, it } from "vitest";

import { AnsiParser, type Line, type Style } from "../../src/lib/ansi";
import { lookOf, PLAIN } from "../../src/lib/ansi-style";

const ESC = "\x1b";

function parsed(...pieces: string[]): Line[] {
  const parser = new AnsiParser();
  for (const piece of pieces) parser.push(piece);
  return [...parser.lines, parser.current];
}

/** `[red,bold]text` for each span. */
function shown(line: Line | undefined): string {
  return (line ?? []).map(({ text, style }) => `${looks(style)}${text}`).join("");
}

function looks(style: Style): string {
  const names = Object.entries(style).flatMap(([name, value]) =>
    value === null || value === false ? [] : [value === true ? name : `${name}:${String(value)}`],
  );
  return names.length ? `[${names.join(",")}]` : "[]";
}

const texts = (lines: Line[]) => lines.map((line) => line.map(({ text }) => text).join(""));

describe("lines", () => {
  it("end at newlines; the last one is the current one", () => {
    const parser = new AnsiParser();
    parser.push("a\n\nb");
    expect(parser.lines).toEqual([[{ text: "a", style: PLAIN }], []]);
    expect(parser.current).toEqual([{ text: "b", style: PLAIN }]);
    parser.push("c\n");
    expect(shown(parser.lines[2])).toBe("[]bc");
    expect(parser.current).toEqual([]);
  });

  it("end at \\r\\n too, also where it is split", () => {
    expect(texts(parsed("a\r\nb\r", "\nc"))).toEqual(["a", "b", "c"]);
  });

  it("keep tabs and any script, and drop other control characters", () => {
    expect(texts(parsed("\ta\0b\x07c\x0bd\x0ce\x7ff\x85g 日本🎉\u2028"))).toEqual(["\tabcdefg 日本🎉\u2028"]);
  });

  it("hold markup as text", () => {
    expect(texts(parsed("<img src=x onerror=alert(1)>"))).toEqual(["<img src=x onerror=alert(1)>"]);
  });
});

describe("colours and attributes", () => {
  it.each([
    ["31", "[fg:red]"],
    ["91;42", "[fg:bright-red,bg:green]"],
    ["107", "[bg:bright-white]"],
    ["1;2;3;4;7", "[bold,dim,italic,underline,inverse]"],
    ["01;034", "[fg:blue,bold]"],
    ["38;5;9", "[fg:bright-red]"],
    ["38;5;208", "[fg:#ff8700]"],
    ["48;5;16", "[bg:#000000]"],
    ["38;5;231", "[fg:#ffffff]"],
    ["38;5;232", "[fg:#080808]"],
    ["38;5;255", "[fg:#eeeeee]"],
    ["38;2;1;2;255;1", "[fg:#0102ff,bold]"],
    ["38:2::1:2:255", "[fg:#0102ff]"],
    ["38:2:1:2:255;48:5:1", "[fg:#0102ff,bg:red]"],
    ["4:3", "[underline]"],
    ["4;4:0", "[]"],
    ["38;5;300;1", "[bold]"],
    ["38;2;1;2", "[]"],
    ["38;9;1;3", "[italic]"],
    ["38", "[]"],
    ["5;8;9;73;999999999999", "[]"],
    [";;", "[]"],
  ])("%s is %s", (parameters, expected) => {
    expect(shown(parsed(`${ESC}[${parameters}mx`)[0])).toBe(`${expected}x`);
  });

  it("are taken back one by one or all at once", () => {
    const all = `${ESC}[1;2;3;4;7;31;41m`;
    for (const [code, left] of [
      ["0", "[]"],
      ["", "[]"],
      ["22", "[fg:red,bg:red,italic,underline,inverse]"],
      ["23;24;27", "[fg:red,bg:red,bold,dim]"],
      ["39;49", "[bold,dim,italic,underline,inverse]"],
    ]) {
      expect(shown(parsed(`${all}${ESC}[${code ?? ""}mx`)[0])).toBe(`${left ?? ""}x`);
    }
  });

  it("last until they are changed, over lines and pieces, wherever these are split", () => {
    const text = `a${ESC}[31mb\nc${ESC}[38;2;9;9;9md${ESC}]0;title\x07e${ESC}[0mf\r\n${ESC}(Bg${ESC}]8;;http://x${ESC}\\h`;
    const whole = parsed(text);
    expect(whole.map(shown)).toEqual(["[]a[fg:red]b", "[fg:red]c[fg:#090909]de[]f", "[]gh"]);
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(parsed(text.slice(0, cut), text.slice(cut))).toEqual(whole);
    }
    expect(parsed(...text.split(""))).toEqual(whole);
  });
});

describe("the look of a style", () => {
  it("names classes for the palette and has other colours as they are", () => {
    expect(lookOf(PLAIN)).toEqual({ classes: [], color: null, background: null });
    expect(lookOf({ ...PLAIN, fg: "bright-red", bg: "#010203", bold: true, dim: true })).toEqual({
      classes: ["ansi-bold", "ansi-dim", "ansi-fg-bright-red"],
      color: null,
      background: "#010203",
    });
  });

  it("swaps the colours of inverse text, also those that are not set", () => {
    expect(lookOf({ ...PLAIN, fg: "#010203", inverse: true })).toEqual({
      classes: ["ansi-fg-default"],
      color: null,
      background: "#010203",
    });
    expect(lookOf({ ...PLAIN, bg: "green", inverse: true, italic: true, underline: true }).classes).toEqual([
      "ansi-italic",
      "ansi-underline",
      "ansi-fg-green",
      "ansi-bg-default",
    ]);
  });
});

describe("what is no colour", () => {
  it.each([
    ["cursor movement", `a${ESC}[2J${ESC}[10;5H${ESC}[1Ab`],
    ["private modes", `a${ESC}[?25l${ESC}[>4;2m${ESC}[?1049hb`],
    ["titles, links and palettes", `a${ESC}]0;title\x07${ESC}]8;;http://evil${ESC}\\${ESC}]4;1;red${ESC}\\b`],
    ["device strings", `a${ESC}P1$r0m${ESC}\\${ESC}_app${ESC}\\${ESC}^pm${ESC}\\${ESC}Xsos${ESC}\\b`],
    ["character sets and keypad modes", `a${ESC}(B${ESC}=${ESC}>${ESC}cb`],
    ["a sequence that another one interrupts", `a${ESC}[31${ESC}[0mb`],
    ["a title that a cancel ends", `a${ESC}]0;title\x18b`],
    ["a lone escape at the end", `ab${ESC}`],
  ])("%s leaves nothing behind", (_, text) => {
    expect(shown(parsed(text)[0])).toBe("[]ab");
  });

  it("does not swallow the lines after it", () => {
    expect(texts(parsed(`${ESC}]0;title without end\nnext`))).toEqual(["", "next"]);
    expect(texts(parsed(`${ESC}[12\nnext`))).toEqual(["", "next"]);
    expect(texts(parsed(`${ESC}\nnext${ESC}日`))).toEqual(["", "next日"]);
  });

  it("swallows a bounded part of a line", () => {
    const [line = ""] = texts(parsed(`${ESC}]0;${"x".repeat(10_000)}end`));
    expect(line).toMatch(/^x{5000,6000}end$/);
    expect(texts(parsed(...`${ESC}]0;${"x".repeat(10_000)}end`.split("")))).toEqual([line]);
    expect(texts(parsed(`${ESC}[${"1".repeat(1000)}end`))[0]).toMatch(/^1+end$/);
  });
});

describe("going back in a line", () => {
  it("shows the last state of a progress bar", () => {
    expect(texts(parsed("10%\r20", "%\r100%\ndone"))).toEqual(["100%", "done"]);
  });

  it("leaves what is not overwritten, with its colours", () => {
    expect(shown(parsed(`${ESC}[31mabcdef\r${ESC}[32mxy`)[0])).toBe("[fg:green]xy[fg:red]cdef");
    expect(shown(parsed(`ab${ESC}[31mcd${ESC}[0mef\r123${ESC}[1m4`)[0])).toBe("[]123[bold]4[]ef");
  });

  it("erases to the right or all", () => {
    expect(texts(parsed(`downloading\r${ESC}[Kdone`))).toEqual(["done"]);
    expect(texts(parsed(`downloading\rdone${ESC}[0K`))).toEqual(["done"]);
    expect(texts(parsed(`downloading${ESC}[2K\rdone`))).toEqual(["done"]);
    expect(texts(parsed(`abc${ESC}[1K${ESC}[?K`))).toEqual(["abc"]);
  });

  it("steps back by one character", () => {
    expect(texts(parsed("|\b/\b-\b\\"))).toEqual(["\\"]);
    expect(texts(parsed("abc\b\bX"))).toEqual(["aXc"]);
    expect(texts(parsed("\b\ba\b"))).toEqual(["a"]);
    expect(texts(parsed("a🎉\bb"))).toEqual(["ab"]);
  });

  it("never leaves half a character", () => {
    const [line = ""] = texts(parsed("🎉🎉\rx"));
    expect(line).toBe("x🎉");
    expect(line).toHaveLength(3);
  });

  it("joins neighbours of one style", () => {
    expect(parsed("a", "b", `${ESC}[0mc\rx`)[0]).toEqual([{ text: "xbc", style: PLAIN }]);
  });
});

describe("much output", () => {
  const SIZE = 2 * 1024 * 1024;
  const fill = (unit: string, size = SIZE) => unit.repeat(Math.ceil(size / unit.length));

  it.each([
    ["short lines", fill("a line of forty characters, more or less\n")],
    ["coloured words", fill(`${ESC}[32mok${ESC}[0m ${ESC}[1;31mfailed${ESC}[0m\n`)],
    ["one line", fill("x")],
    ["one line of colours", fill(`${ESC}[31mx${ESC}[32my`)],
    ["a progress bar", fill("\r 50 % done")],
    ["returns in a long coloured line", fill(`${ESC}[31mx${ESC}[32my`, SIZE / 2) + fill("\rx", SIZE / 2)],
    ["steps back from a long line", fill("x", SIZE / 2) + fill("x\b", SIZE / 2)],
    ["steps back through a long line", fill("x", SIZE / 2) + fill("\b", SIZE / 2)],
    ["erasing in a long line", fill("x", SIZE / 2) + fill(`\b${ESC}[K`, SIZE / 2)],
    ["titles without end", fill(`${ESC}]0;`)],
    ["sequences without end", fill(`${ESC}[1;`)],
    ["escapes", fill(ESC)],
    ["newlines", fill("\n")],
  ])("of %s takes a moment", (_, text) => {
    const parser = new AnsiParser();
    const started = performance.now();
    for (let at = 0; at < text.length; at += 65_536) parser.push(text.slice(at, at + 65_536));
    expect(parser.lines.length + parser.current.length).toBeGreaterThanOrEqual(0);
    const took = performance.now() - started;
    expect(took).toBeLessThan(3_000);
  });
});
