// @vitest-environment node
import { describe, expect, it } from "vitest";
import { readView, writeView } from "../../src/lib/query";
import { namesOf } from "../../src/pages/jobs/names";
import { exportPath, isFiltered, noFilter, pageQuery, selectionOf, SPEC } from "../../src/pages/jobs/view";

const view = (query: string) => readView(SPEC, new URLSearchParams(query));

describe("a view", () => {
  it("stands in the address and comes back", () => {
    const query =
      "q=backup&state=paused&lastStatus=failed&lastStatus=never&group=&tag=db&label=zone%3Deu&sort=-nextFire&limit=100&cursor=abc";
    expect(writeView(SPEC, view(query)).toString()).toBe(query);
  });

  it("of an odd address is the plain one", () => {
    expect(view("state=tired&lastStatus=running&sort=size&limit=7&cursor=")).toEqual(view(""));
  });

  it("keeps long cursors, but not endless ones", () => {
    expect(view(`cursor=${"x".repeat(2_048)}`).cursor).toHaveLength(2_048);
    expect(view(`cursor=${"x".repeat(2_049)}`).cursor).toBeNull();
  });

  it("is filtered by each filter, the group of jobs without one too, but not by order or page", () => {
    for (const query of ["q=a", "state=paused", "lastStatus=never", "group=", "tag=t", "label=l"])
      expect(isFiltered(view(query)), query).toBe(true);
    expect(isFiltered(view("sort=-name&limit=25&cursor=c"))).toBe(false);
    expect(isFiltered({ ...view("q=a&group=&label=l"), ...noFilter() })).toBe(false);
  });
});

describe("the API is asked", () => {
  it("for nothing that is not filtered by", () => {
    expect(pageQuery(view(""))).toEqual({
      q: "",
      lastStatus: [],
      label: [],
      sort: "name",
      limit: 50,
      recent: 20,
    });
  });

  it("for jobs without a group by an empty one", () => {
    expect(pageQuery(view("group="))).toMatchObject({ group: "" });
    expect(selectionOf(view("group="))).toMatchObject({ group: "" });
    expect(selectionOf(view(""))).toMatchObject({ group: null, tag: null, state: null });
  });

  it("for a file by the filters alone", () => {
    expect(exportPath(view("q=%20a%26b&group=&lastStatus=failed&sort=-name&cursor=c"), "yaml")).toBe(
      "api/v1/export?format=yaml&q=a%26b&lastStatus=failed&group=",
    );
  });
});

it("reads names between commas of any script, each once", () => {
  expect(namesOf(" a, b c ,,a，数据、每日 ; ")).toEqual(["a", "b c", "数据", "每日"]);
  expect(namesOf(" ")).toEqual([]);
});
