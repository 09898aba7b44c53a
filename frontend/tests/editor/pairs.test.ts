import { beforeEach, describe, expect, it } from "vitest";
import { linesOf, pairsControl, type Pairs } from "../../src/pages/editor/pairs";

describe("pasted lines", () => {
  it("become pairs, without export, quotes, comments and empty lines", () => {
    expect(linesOf("# db\nA=1\n\n export B='two words'\r\nC=\"x=y\"\nD=")).toEqual([
      ["A", "1"],
      ["B", "two words"],
      ["C", "x=y"],
      ["D", ""],
    ]);
  });

  it.each(["", "PATH", "A=1\nnothing", "two words=1"])("are left to the field for %j", (text) => {
    expect(linesOf(text)).toBeNull();
  });
});

describe("names with values", () => {
  let pairs: Pairs;
  const fill = (row: number, name: string, value: string) => {
    const inputs = pairs.element.querySelectorAll<HTMLInputElement>(`.pair:nth-child(${row}) input`);
    inputs.forEach((input, index) => (input.value = [name, value][index] ?? ""));
  };

  beforeEach(() => {
    pairs = pairsControl({ nameLabel: "name", valueLabel: "value", add: "add" });
    pairs.set({ A: "1", B: " two " });
  });

  it("give what they were given", () => {
    expect(pairs.get()).toEqual({ A: "1", B: " two " });
    expect(pairs.problem()).toBeNull();
    pairs.set(null);
    expect(pairs.get()).toEqual({});
  });

  it("leave empty rows out", () => {
    fill(2, "", "");
    expect(pairs.get()).toEqual({ A: "1" });
    expect(pairs.problem()).toBeNull();
  });

  it("lose nothing silently: a name twice and a value without a name are problems", () => {
    fill(2, "A", "2");
    expect(pairs.problem()).not.toBeNull();
    fill(2, "", "2");
    expect(pairs.problem()).not.toBeNull();
  });

  it("are removed by row, and say that they have changed", () => {
    let told = 0;
    pairs.element.addEventListener("input", () => (told += 1));
    pairs.element.querySelector<HTMLButtonElement>(".pair button")?.click();
    expect(pairs.get()).toEqual({ B: " two " });
    expect(told).toBe(1);
  });
});
