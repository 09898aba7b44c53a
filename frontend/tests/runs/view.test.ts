import { describe, expect, it } from "vitest";
import { readView, writeView } from "../../src/lib/query";
import { isFiltered, queryOf, SPEC } from "../../src/pages/runs/view";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const read = (query: string) => readView(SPEC, new URLSearchParams(query));

describe("the view of the runs in the address", () => {
  it("is empty where nothing is chosen", () => {
    const view = read("");
    expect(isFiltered(view)).toBe(false);
    expect(writeView(SPEC, view).toString()).toBe("");
    expect(queryOf(view, NOW)).toEqual({ limit: 50 });
  });

  it("reads back as it was written", () => {
    const query =
      "job=a+b&status=failed&status=lost&worker=w&trigger=manual&since=2030-01-01T00%3A00%3A00Z&cursor=abc";
    expect(writeView(SPEC, read(query)).toString()).toBe(query);
  });

  it("passes over what cannot be", () => {
    expect(isFiltered(read("status=nonsense&trigger=x&time=year&since=tomorrow"))).toBe(false);
  });

  it("asks for the last hours as of now", () => {
    expect(queryOf(read("time=hour"), NOW)).toMatchObject({ since: "2030-01-31T11:00:00.000Z" });
  });

  it("takes exact times, also in milliseconds, instead of the last hours", () => {
    const query = queryOf(read(`time=week&since=2030-01-01T00:00:00Z&until=${NOW}`), NOW);
    expect(query).toMatchObject({ since: "2030-01-01T00:00:00.000Z", until: "2030-01-31T12:00:00.000Z" });
  });
});
