import { describe, expect, it } from "vitest";
import {
  copyName,
  disagreements,
  essentials,
  salvage,
  takeFields,
  valueAt,
  wholeJob,
  withValue,
} from "../../src/pages/editor/model";

const job = wholeJob({ name: "backup", command: "tar", cronExpr: "0 2 * * *" });

describe("a job as the editor has it", () => {
  it("has every field, nested ones too, and nothing that the API only tells", () => {
    const whole = wholeJob({
      name: "a",
      command: "b",
      cronExpr: "c",
      retries: { max: 3 },
      revision: 7,
      running: 1,
    });
    expect(whole.overlap).toBe("skip");
    expect(whole.retries).toMatchObject({ max: 3, backoff: 1 });
    expect(whole).not.toHaveProperty("revision");
    expect(whole).not.toHaveProperty("running");
  });

  it("is sent without what has its default", () => {
    const changed = withValue(withValue(job, "limits.memoryMb", 64), "tags", ["a"]);
    expect(essentials(changed)).toEqual({
      name: "backup",
      command: "tar",
      cronExpr: "0 2 * * *",
      tags: ["a"],
      limits: { memoryMb: 64 },
    });
    expect(wholeJob(essentials(changed))).toEqual(changed);
  });

  it("keeps what is not a value of its field, for the server to refuse", () => {
    expect(essentials(withValue(job, "timeoutSeconds", "soon"))).toHaveProperty("timeoutSeconds", "soon");
  });

  it("is read and written by path without changing the job it was made from", () => {
    const other = withValue(job, "retries.max", 2);
    expect(valueAt(other, "retries.max")).toBe(2);
    expect(valueAt(job, "retries.max")).toBe(0);
    expect(valueAt(job, "nothing.at.all")).toBeUndefined();
  });
});

describe("two people's changes", () => {
  const mine = withValue(withValue(job, "cronExpr", "0 3 * * *"), "group", "mine");
  const theirs = withValue(withValue(job, "cronExpr", "0 4 * * *"), "description", "theirs");

  it("disagree where theirs is not what stands here", () => {
    expect(disagreements(job, mine, theirs)).toEqual([
      { field: "cronExpr", base: "0 2 * * *", theirs: "0 4 * * *", mine: "0 3 * * *", both: true },
      { field: "description", base: "", theirs: "theirs", mine: "", both: false },
    ]);
  });

  it("agree where both made the same change, and where only mine has changed", () => {
    expect(disagreements(job, mine, mine)).toEqual([]);
    expect(disagreements(job, mine, job)).toEqual([]);
  });

  it("come together by field", () => {
    const merged = takeFields(mine, theirs, ["description"]);
    expect(merged).toMatchObject({ cronExpr: "0 3 * * *", description: "theirs", group: "mine" });
  });
});

describe("what stands there instead of a job", () => {
  it("gives what can be read of it", () => {
    const found = salvage('{"name":"x","command":"echo","colour":"red","retries":{"max":1}}', "broken");
    expect(found).toMatchObject({ name: "broken", command: "echo", cronExpr: "", overlap: "skip" });
    expect(found.retries).toMatchObject({ max: 1, backoff: 1 });
    expect(found).not.toHaveProperty("colour");
  });

  it.each(["", "no json", "[1]", "null", '"text"', '{"cut off'])("is a new job for %j", (raw) => {
    expect(salvage(raw, "broken")).toEqual({ ...wholeJob(null), name: "broken" });
  });
});

it("names a copy, within the length of a name", () => {
  expect(copyName("backup")).toBe("backup copy");
  expect(Array.from(copyName("数".repeat(128)))).toHaveLength(128);
});
