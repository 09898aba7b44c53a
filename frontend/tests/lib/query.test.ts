// @vitest-environment node
import { describe, expect, it } from "vitest";

import {
  choice,
  flag,
  integer,
  many,
  maybeInteger,
  maybeText,
  readView,
  text,
  writeView,
  type View,
} from "../../src/lib/query";

const SPEC = {
  q: text(),
  sort: choice(["name", "-name", "nextFire"], "name"),
  status: many(["failed", "lost", "never"]),
  label: many(),
  group: maybeText(),
  page: integer(1, 1, 1000),
  since: maybeInteger(0, 1e14),
  wrap: flag(),
};

const read = (query: string) => readView(SPEC, new URLSearchParams(query));
const written = (view: Partial<View<typeof SPEC>>) => writeView(SPEC, { ...read(""), ...view }).toString();

describe("a view", () => {
  it("reads as the spec has it at first when nothing is given", () => {
    expect(read("")).toEqual({
      q: "",
      sort: "name",
      status: [],
      label: [],
      group: null,
      page: 1,
      since: null,
      wrap: false,
    });
    expect(written({})).toBe("");
  });

  it("writes only what differs, lists as repeated names", () => {
    expect(written({ q: "a b&c", status: ["lost", "failed"], wrap: true })).toBe(
      "q=a+b%26c&status=lost&status=failed&wrap=1",
    );
    expect(written({ group: "" })).toBe("group=");
  });

  it("comes back as it was", () => {
    const values = {
      q: ["", "备份 & =?#", "x".repeat(256)],
      sort: ["name", "-name", "nextFire"] as const,
      status: [[], ["failed"], ["never", "lost"]] as const,
      label: [[], ["zone=a,b", "键"]],
      group: [null, "", "夜间"],
      page: [1, 2, 1000],
      since: [null, 0, 1_900_000_000_000],
      wrap: [false, true],
    };
    for (let turn = 0; turn < 3; turn += 1) {
      for (let other = 0; other < 3; other += 1) {
        const view: View<typeof SPEC> = {
          q: values.q[turn] ?? "",
          sort: values.sort[other] ?? "name",
          status: values.status[turn] ?? [],
          label: values.label[other % 2] ?? [],
          group: values.group[other] ?? null,
          page: values.page[turn] ?? 1,
          since: values.since[other] ?? null,
          wrap: turn === other,
        };
        expect(readView(SPEC, new URLSearchParams(writeView(SPEC, view).toString()))).toEqual(view);
      }
    }
  });

  it.each([
    "sort=password",
    "page=0",
    "page=1e3",
    "page=999999999999999999999",
    "page=",
    "since=yesterday",
    "wrap=yes",
    `q=${"x".repeat(257)}`,
    "q=%00",
    "status=nonsense&label=",
    "other=1&__proto__=2&constructor=3",
    "%E0%A4%A=%ZZ&&&==",
  ])("reads garbage (%s) as what it is at first", (query) => {
    expect(read(query)).toEqual(read(""));
  });

  it("keeps the good values of a list and each of them once", () => {
    expect(read("status=lost&status=x&status=lost&status=failed").status).toEqual(["lost", "failed"]);
  });
});
