import { describe, expect, test } from "vitest";
import { readView } from "../../src/lib/query";
import { actionsOf, chosen, exportPath, isFiltered, pageQuery, SPEC } from "../../src/pages/audit/view";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ALL = readView(SPEC, new URLSearchParams());

describe("the view of the audit", () => {
  test("asks for everything at first", () => {
    expect(pageQuery(ALL, NOW)).toEqual({ limit: 50 });
    expect(isFiltered(ALL)).toBe(false);
  });

  test("asks for what was chosen, from the first page on", () => {
    const view = chosen({ ...ALL, cursor: "c" }, { kind: "job", target: "nightly", time: "hour" });
    expect(pageQuery(view, NOW)).toEqual({
      kind: "job",
      target: "nightly",
      since: "2026-03-01T11:00:00.000Z",
      limit: 50,
    });
    expect(isFiltered(view)).toBe(true);
  });

  test("keeps an action of the chosen kind and drops one of another", () => {
    const view = chosen(ALL, { action: "job.update" });
    expect(chosen(view, { kind: "job" }).action).toBe("job.update");
    expect(chosen(view, { kind: "user" }).action).toBe("");
  });

  test("passes over an action that there is not", () => {
    expect(readView(SPEC, new URLSearchParams("action=job.explode&actor=li")).action).toBe("");
  });

  test("knows the actions of each kind", () => {
    expect(actionsOf("token")).toEqual(["token.create", "token.delete"]);
    expect(actionsOf("")).toContain("session.refused");
  });

  test("exports what it shows, all pages of it", () => {
    const view = { ...ALL, actor: "li & co", until: NOW, cursor: "c" };
    expect(exportPath(view, "csv", NOW)).toBe(
      "api/v1/audit/export?actor=li+%26+co&until=2026-03-01T12%3A00%3A00.000Z&format=csv",
    );
  });
});
