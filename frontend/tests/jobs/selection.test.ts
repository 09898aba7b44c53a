// @vitest-environment node
import { beforeEach, describe, expect, it } from "vitest";
import { Selection } from "../../src/pages/jobs/selection";

const PAGE = ["a", "b", "c", "d", "e"];
let selection: Selection;

beforeEach(() => {
  selection = new Selection();
});

describe("clicks", () => {
  it("choose and take back one job", () => {
    selection.click("b", true, PAGE);
    expect(selection.chosen).toEqual(["b"]);
    selection.click("b", false, PAGE);
    expect(selection.empty).toBe(true);
  });

  it("with shift reach from the one before, in both directions", () => {
    selection.click("d", true, PAGE);
    selection.click("b", true, PAGE, true);
    expect([...selection.chosen].sort()).toEqual(["b", "c", "d"]);
    selection.click("c", false, PAGE);
    selection.click("e", false, PAGE, true);
    expect(selection.chosen).toEqual(["b"]);
  });

  it("with shift choose one where nothing was clicked before, or it is on another page", () => {
    selection.click("c", true, PAGE, true);
    expect(selection.chosen).toEqual(["c"]);
    selection.click("y", true, ["x", "y", "z"], true);
    expect(selection.chosen).toEqual(["c", "y"]);
  });
});

describe("all that match", () => {
  it("count as many as there are, seen or not", () => {
    selection.chooseAll();
    expect([selection.all, selection.count(9_000), selection.has("not seen")]).toEqual([true, 9_000, true]);
  });

  it("become those of the page when one is taken out", () => {
    selection.chooseAll();
    selection.click("b", false, PAGE);
    expect([selection.all, selection.chosen]).toEqual([false, ["a", "c", "d", "e"]]);
  });

  it("end with a page and with clear", () => {
    selection.chooseAll();
    selection.page(PAGE, false);
    expect(selection.empty).toBe(true);
    selection.chooseAll();
    selection.clear();
    expect(selection.count(5)).toBe(0);
  });
});

it("keeps what was chosen on other pages", () => {
  selection.page(["x", "y"], true);
  selection.page(PAGE, true);
  selection.page(PAGE, false);
  expect(selection.chosen).toEqual(["x", "y"]);
});

it("forgets jobs that are gone", () => {
  selection.page(PAGE, true);
  selection.forget("c");
  expect(selection.count(99)).toBe(4);
});
