import { describe, expect, it } from "vitest";
import { Pager } from "../../src/ui/pager";

function press(pager: Pager, page: "previous" | "next"): void {
  pager.element.querySelector<HTMLButtonElement>(`[data-page=${page}]`)?.click();
}

describe("a pager", () => {
  it("goes on by cursor, and back to where the reader was", () => {
    const asked: (string | null)[] = [];
    const pager = new Pager(null, (cursor) => asked.push(cursor));
    pager.update("b", "");
    press(pager, "next");
    pager.update("c", "");
    press(pager, "next");
    pager.update(null, "");
    press(pager, "previous");
    pager.update("c", "");
    press(pager, "previous");
    expect(asked).toEqual(["b", "c", "b", null]);
  });

  it("stays where it is when a page cannot be loaded", () => {
    const asked: (string | null)[] = [];
    const pager = new Pager(null, (cursor) => asked.push(cursor));
    pager.update("b", "");
    press(pager, "next");
    pager.restore();
    expect(pager.current).toBeNull();
    press(pager, "next");
    pager.update("c", "");
    press(pager, "previous");
    pager.restore();
    expect(pager.current).toBe("b");
    press(pager, "previous");
    expect(asked).toEqual(["b", "b", null, null]);
  });

  it("is at the first page of a new filter, whether or not that could be loaded", () => {
    const pager = new Pager(null, () => undefined);
    pager.update("b", "");
    press(pager, "next");
    pager.update("c", "");
    pager.reset();
    pager.restore();
    expect(pager.current).toBeNull();
  });
});
