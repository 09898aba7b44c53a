import { describe, expect, it } from "vitest";
import { reasonsOf, survivorsOf } from "../../src/pages/shared/run-reason";

describe("why a run ended", () => {
  it.each([
    ["exit code 3", [{ key: "exitCode", values: { code: "3" } }]],
    ["ended by signal 11", [{ key: "signal", values: { signal: "11" } }]],
    ["timed out after 2.5 s", [{ key: "timeout", values: { seconds: "2.5" } }]],
    ["killed by ann", [{ key: "killedBy", values: { by: "ann" } }]],
    ["killed by ann before it had started", [{ key: "killedBefore", values: { by: "ann" } }]],
    ["killed", [{ key: "killed", values: {} }]],
    ["worker web-1 died", [{ key: "workerDied", values: { worker: "web-1" } }]],
    ["left 2 processes behind, ended by the worker", [{ key: "leftBehind", values: { count: "2" } }]],
    [
      "cannot start: secret:db for PASSWORD: on worker web-1: db in /s: No such file or directory",
      [
        {
          key: "noSecret",
          values: {
            reference: "secret:db",
            variable: "PASSWORD",
            worker: "web-1",
            detail: "db in /s: No such file or directory",
          },
        },
      ],
    ],
    ["something new", ["something new"]],
    ["", []],
  ])("%s", (reason, sentences) => {
    expect(reasonsOf(reason)).toEqual(sentences);
  });

  it("says each of several sentences once", () => {
    const reason = "killed by ann; 2 of its processes could not be ended; 2 processes could not be ended";
    expect(reasonsOf(reason)).toEqual([
      { key: "killedBy", values: { by: "ann" } },
      { key: "survivors", values: { count: "2" } },
    ]);
    expect(survivorsOf(reason)).toBe(2);
  });

  it("counts no survivors where the worker tells of none", () => {
    expect(survivorsOf("killed by ann")).toBe(0);
  });
});
