import { describe, expect, it } from "vitest";
import { OutputLines } from "../../src/pages/run/output/lines";
import { Search } from "../../src/pages/run/output/search";

function found(search: Search): string[] {
  return search.matches.map(({ chunk, line, start, end }) => `${chunk.first + line}:${start}-${end}`);
}

describe("searching in output", () => {
  it("finds every place whatever the case, across colours", () => {
    const output = new OutputLines();
    output.push("Error\nno er\x1b[31mror\x1b[0m, no ERROR\n");
    const search = new Search("error");
    search.extend(output.chunks);
    expect(found(search)).toEqual(["1:0-5", "2:3-8", "2:13-18"]);
  });

  it("takes what is typed as text, not as a pattern", () => {
    const output = new OutputLines();
    output.push("a.b axb (a.b]\n");
    const search = new Search("a.b]");
    search.extend(output.chunks);
    expect(found(search)).toEqual(["1:9-13"]);
  });

  it("goes on where it stopped when more is printed", () => {
    const output = new OutputLines();
    const search = new Search("hit");
    output.push("hit\n");
    search.extend(output.chunks);
    output.push(`${"miss\n".repeat(450)}hit\n`);
    search.extend(output.chunks);
    search.extend(output.chunks);
    expect(found(search)).toEqual(["1:0-3", "452:0-3"]);
  });

  it("forgets what is no longer held, and passes over cuts", () => {
    const output = new OutputLines();
    output.push("hit\n");
    output.cut(5);
    output.push("hit\n");
    const search = new Search("hit");
    search.extend(output.chunks);
    expect(search.matches).toHaveLength(2);
    output.chunks.shift();
    search.extend(output.chunks);
    expect(search.matches.map(({ chunk }) => chunk.afterCut)).toEqual([true]);
  });

  it("keeps a bounded number of places and says that there are more", () => {
    const output = new OutputLines();
    output.push(`${"x".repeat(200)}\n`.repeat(100));
    const search = new Search("x");
    search.extend(output.chunks);
    expect(search.matches).toHaveLength(10_000);
    expect(search.more).toBe(true);
  });

  it("finds nothing for nothing", () => {
    const search = new Search("");
    const output = new OutputLines();
    output.push("text\n");
    search.extend(output.chunks);
    expect(search.matches).toEqual([]);
  });
});
