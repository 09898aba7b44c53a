// @vitest-environment node
import { describe, expect, it } from "vitest";

import { fieldChanges, lineChanges } from "../../src/lib/diff";

const JOB = { name: "backup", command: "run", cronExpr: "@daily" };

describe("fieldChanges", () => {
  it("finds none between a stored job and the same job with every default spelled out", () => {
    const view = {
      ...JOB,
      enabled: true,
      group: null,
      tags: [],
      limits: { memoryMb: null, cpuSeconds: null, openFiles: null },
      retries: { max: 0, delaySeconds: 0, backoff: 1, maxDelaySeconds: 3600, onExitCodes: [] },
      outputLimitBytes: 262_144,
      revision: 12,
      state: "enabled",
      nextFire: "2030-01-01T00:00:00.000Z",
      lastRun: null,
    };
    expect(fieldChanges(JOB, view)).toEqual([]);
  });

  it("names nested fields by their path and keeps lists and maps whole, in the order of the model", () => {
    const before = { ...JOB, env: { A: "1" }, tags: ["x"], limits: { memoryMb: 64 } };
    const after = {
      ...JOB,
      limits: { memoryMb: 128, openFiles: 10 },
      tags: ["x", "y"],
      env: { B: "2" },
      command: "go",
    };
    expect(fieldChanges(before, after)).toEqual([
      { field: "command", before: "run", after: "go" },
      { field: "tags", before: ["x"], after: ["x", "y"] },
      { field: "env", before: { A: "1" }, after: { B: "2" } },
      { field: "limits.memoryMb", before: 64, after: 128 },
      { field: "limits.openFiles", before: null, after: 10 },
    ]);
  });

  it("shows the default that came back", () => {
    expect(fieldChanges({ ...JOB, timeoutSeconds: 60, enabled: false }, JOB)).toEqual([
      { field: "enabled", before: false, after: true },
      { field: "timeoutSeconds", before: 60, after: null },
    ]);
  });

  it("compares instants, not their spelling, and maps in any order, but lists in theirs", () => {
    expect(
      fieldChanges(
        { ...JOB, startsAt: "2030-01-31T08:00:00Z", env: { A: "1", B: "2" } },
        { ...JOB, startsAt: "2030-01-31T09:00:00.000+01:00", env: { B: "2", A: "1" } },
      ),
    ).toEqual([]);
    expect(fieldChanges({ ...JOB, tags: ["a", "b"] }, { ...JOB, tags: ["b", "a"] })).toHaveLength(1);
    expect(fieldChanges({ ...JOB, tags: [] }, { ...JOB, tags: {} })).toHaveLength(1);
    expect(
      fieldChanges({ ...JOB, description: "2030-01-31" }, { ...JOB, description: "2030-01-31T00:00Z" }),
    ).toHaveLength(1);
  });

  it("shows what a new job sets, what a deleted one had, and what an invalid one was", () => {
    expect(fieldChanges(null, { ...JOB, enabled: false })).toEqual([
      { field: "name", before: undefined, after: "backup" },
      { field: "command", before: undefined, after: "run" },
      { field: "cronExpr", before: undefined, after: "@daily" },
      { field: "enabled", before: undefined, after: false },
    ]);
    expect(fieldChanges(JOB, null).map(({ field, after }) => [field, after])).toEqual([
      ["name", undefined],
      ["command", undefined],
      ["cronExpr", undefined],
    ]);
    expect(fieldChanges({ invalid: "no JSON", raw: "x" }, JOB).map(({ field }) => field)).toEqual([
      "name",
      "command",
      "cronExpr",
      "invalid",
      "raw",
    ]);
    expect(fieldChanges(null, null)).toEqual([]);
  });

  it("stands what is no job", () => {
    expect(
      fieldChanges({ limits: "x", constructor: 1 }, { limits: null, tags: 5 }).map(({ field }) => field),
    ).toEqual(["tags", "limits", "constructor"]);
  });
});

describe("lineChanges", () => {
  const text = (count: number, changed: Record<number, string> = {}) =>
    Array.from({ length: count }, (_, index) => changed[index + 1] ?? `line ${index + 1}`).join("\n");

  it("shows three lines around a change, with the numbers of both texts", () => {
    const [hunk, ...others] = lineChanges(text(20), text(20, { 10: "new a\nnew b" }));
    expect(others).toEqual([]);
    expect(hunk?.map((line) => `${line.before ?? ""}|${line.after ?? ""}|${line.kind}|${line.text}`)).toEqual(
      [
        "7|7|same|line 7",
        "8|8|same|line 8",
        "9|9|same|line 9",
        "10||removed|line 10",
        "|10|added|new a",
        "|11|added|new b",
        "11|12|same|line 11",
        "12|13|same|line 12",
        "13|14|same|line 13",
      ],
    );
  });

  it("splits changes far apart", () => {
    expect(lineChanges(text(40), text(40, { 2: "x", 30: "y" })).map((hunk) => hunk.length)).toEqual([6, 8]);
  });

  it("shows a final newline as an empty line, and nothing where nothing changed", () => {
    expect(lineChanges("a", "a\n").flat()).toEqual([
      { kind: "same", text: "a", before: 1, after: 1 },
      { kind: "added", text: "", before: null, after: 2 },
    ]);
    expect(lineChanges("a\nb", "a\nb")).toEqual([]);
    expect(lineChanges("", "")).toEqual([]);
  });

  it("shows a whole text that came or went", () => {
    expect(lineChanges("", "a\nb").flat()).toEqual([
      { kind: "added", text: "a", before: null, after: 1 },
      { kind: "added", text: "b", before: null, after: 2 },
    ]);
    expect(lineChanges("a", "").flat()).toEqual([{ kind: "removed", text: "a", before: 1, after: null }]);
  });

  it("keeps lines that look like marks of a patch", () => {
    expect(
      lineChanges("-x", "+x")
        .flat()
        .map((line) => line.text),
    ).toEqual(["-x", "+x"]);
    expect(
      lineChanges("\\ No newline", "a")
        .flat()
        .map((line) => line.text),
    ).toEqual(["\\ No newline", "a"]);
  });

  it("does not search for ever in texts that have nothing in common", () => {
    const before = text(20_000);
    const after = before.replaceAll("line", "other");
    const started = performance.now();
    const [hunk] = lineChanges(before, after);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(hunk).toHaveLength(40_000);
    expect(hunk?.at(-1)).toEqual({ kind: "added", text: "other 20000", before: null, after: 20_000 });
  });
});
