import { describe, expect, it } from "vitest";

import { parseEnv } from "../../src/pages/job/env-lines";
import { jobFields } from "../../src/pages/job/job-fields";
import { isVersion, versionOf } from "../../src/pages/job/versions";

describe("parseEnv", () => {
  it("reads one variable a line and keeps everything behind the first =", () => {
    expect(parseEnv("A=1\n\nB_2= x=y \r\nC=")).toEqual({ A: "1", B_2: " x=y ", C: "" });
  });

  it("names the first line that is none", () => {
    expect(parseEnv("A=1\n2B=x")).toBe(2);
    expect(parseEnv("no equals sign")).toBe(1);
  });

  it("takes a name that objects have already as a name like any other", () => {
    expect(Object.keys(parseEnv("constructor=1"))).toEqual(["constructor"]);
  });
});

describe("jobFields", () => {
  const fields = jobFields({
    name: "a",
    command: "b",
    cronExpr: "@daily",
    limits: { memoryMb: 64 },
    env: { A: "1" },
  });
  const of = (path: string) => fields.find((field) => field.path === path);

  it("takes nested fields apart and keeps maps whole", () => {
    expect(of("limits.memoryMb")).toEqual({ path: "limits.memoryMb", value: 64, isDefault: false });
    expect(of("limits.openFiles")).toEqual({ path: "limits.openFiles", value: null, isDefault: true });
    expect(of("env")).toEqual({ path: "env", value: { A: "1" }, isDefault: false });
  });

  it("has every field once, also those that the job does not name", () => {
    expect(of("shell")).toEqual({ path: "shell", value: "/bin/bash", isDefault: true });
    expect(new Set(fields.map(({ path }) => path)).size).toBe(fields.length);
  });
});

describe("versions", () => {
  const job = { name: "a", command: "b", cronExpr: "@daily" };
  const change = { action: "job.update", actor: "x", at: "2030-01-31T08:00:00Z", detail: {} };

  it("go back to what a change made, and for a deletion to what it took away", () => {
    const newer = { ...job, command: "c" };
    expect(versionOf({ ...change, before: job, after: newer })).toBe(newer);
    expect(versionOf({ ...change, action: "job.delete", before: job, after: null })).toBe(job);
  });

  it("are neither orders nor invalid jobs", () => {
    expect(versionOf({ ...change, action: "job.run", before: null, after: null })).toBeNull();
    expect(isVersion({ invalid: "no command", raw: "{}" })).toBe(false);
  });
});
