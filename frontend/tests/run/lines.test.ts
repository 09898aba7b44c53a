import { describe, expect, it } from "vitest";
import {
  CHUNK_LINES,
  lineText,
  MAX_LINE,
  OutputLines,
  type TextChunk,
} from "../../src/pages/run/output/lines";

function texts(output: OutputLines): string[] {
  return output.chunks.flatMap((chunk) =>
    chunk.kind === "text" ? chunk.lines.map(lineText) : [`cut ${chunk.bytes ?? "?"}`],
  );
}

function chunk(output: OutputLines, place: number): TextChunk {
  const found = output.chunks[place];
  if (found?.kind !== "text") throw new Error(`no text at ${place}`);
  return found;
}

describe("the lines of an output", () => {
  it("come in whatever pieces the text has", () => {
    const output = new OutputLines();
    for (const piece of ["on", "e\ntw", "o\n\nfo", "ur"]) output.push(piece);
    expect(texts(output)).toEqual(["one", "two", ""]);
    expect(output.open).toMatchObject({ number: 4, afterCut: false });
    expect(lineText(output.open.line)).toBe("four");
  });

  it("end without a newline, too", () => {
    const output = new OutputLines();
    output.push("a\nb");
    output.end();
    expect(texts(output)).toEqual(["a", "b"]);
    expect(output.open.line).toEqual([]);
  });

  it("fill one chunk after the other, each knowing the number of its first line", () => {
    const output = new OutputLines();
    output.push("x\n".repeat(CHUNK_LINES * 2 + 1));
    expect(
      output.chunks.map((each) => (each.kind === "text" ? [each.first, each.lines.length] : null)),
    ).toEqual([
      [1, CHUNK_LINES],
      [CHUNK_LINES + 1, CHUNK_LINES],
      [2 * CHUNK_LINES + 1, 1],
    ]);
    expect(output.count).toBe(CHUNK_LINES * 2 + 1);
  });

  it("are counted anew after a cut, and take no colour over it", () => {
    const output = new OutputLines();
    output.push("\x1b[31mred\nhal");
    output.cut(1234);
    output.push("f\nlast\n");
    expect(texts(output)).toEqual(["red", "hal", "cut 1234", "f", "last"]);
    const tail = chunk(output, 2);
    expect([tail.first, tail.afterCut]).toEqual([1, true]);
    expect(tail.lines[0]?.[0]?.style.fg).toBeNull();
  });

  it("lose the oldest ones where there are too many for a browser", () => {
    const output = new OutputLines();
    const bulk = "x\n".repeat(100_000);
    for (let times = 0; times < 5; times += 1) output.push(bulk);
    expect(output.count).toBeLessThanOrEqual(400_000);
    expect(output.dropped + output.count).toBe(500_000);
    expect(chunk(output, 0).first).toBe(output.dropped + 1);
  });

  it("go on in another chunk where one has no end, and are still one line", () => {
    const output = new OutputLines();
    output.push("first\n\x1b[1m");
    const piece = "x".repeat(MAX_LINE / 4);
    for (let times = 0; times < 12; times += 1) output.push(piece);
    output.push("y\nlast\n");
    expect(output.total).toBe(3);
    expect(output.chunks.map((each) => each.kind === "text" && each.first)).toEqual([1, 2, 2]);
    const parts = output.chunks.flatMap((_, place) => chunk(output, place).lines.map(lineText)).slice(1, -1);
    expect(parts.map(({ length }) => length).every((length) => length <= 1.5 * MAX_LINE)).toBe(true);
    expect(parts.join("")).toBe(`${piece.repeat(12)}y`);
    expect(chunk(output, 2).lines[0]?.[0]?.style.bold).toBe(true);
    expect([chunk(output, 2).first, chunk(output, 2).lines.length]).toEqual([2, 2]);
  });

  it("are not broken by a progress bar that overwrites itself", () => {
    const output = new OutputLines();
    for (let times = 0; times < 50; times += 1) output.push(`${"=".repeat(MAX_LINE / 10)}\r`);
    expect(output.chunks).toEqual([]);
    expect(output.total).toBe(1);
  });
});
