// @vitest-environment node
import { describe, expect, it } from "vitest";
import { guessFormat, guessSystem } from "../../src/pages/import/guess";

describe("the format", () => {
  it.each([
    ["30 2 * * * /usr/bin/backup", "crontab"],
    ["# m h dom mon dow\n* * * * * date", "crontab"],
    ["PATH=/usr/bin\n@daily x", "crontab"],
    ["@daily echo a: b", "crontab"],
    ["*/5 * * * * x", "crontab"],
    ["", "crontab"],
    ["name: a\ncommand: x", "yaml"],
    ["# jobs\n\n---\nname: a", "yaml"],
    ["- name: a", "yaml"],
    ["-\n  name: a", "yaml"],
    ['[{"name": "a"}]', "yaml"],
    ['{"name": "a"}', "yaml"],
  ])("of %j is %s", (text, format) => {
    expect(guessFormat(text)).toBe(format);
  });

  it("is that of the file's name where it says one", () => {
    expect(guessFormat("30 2 * * * x", "jobs.yaml")).toBe("yaml");
    expect(guessFormat("name: a", "JOBS.JSON")).toBe("yaml");
    expect(guessFormat("name: a", "crontab")).toBe("crontab");
    expect(guessFormat("name: a", "my.crontab")).toBe("crontab");
    expect(guessFormat("name: a", "jobs.txt")).toBe("yaml");
  });
});

describe("a user column", () => {
  it("is there where most lines have one", () => {
    expect(guessSystem("17 * * * * root cd / && run-parts\n@daily www-data x\n* * * * * date")).toBe(true);
  });

  it("is not there in a user's crontab", () => {
    expect(guessSystem("17 * * * * cd / && run-parts\n@daily backup root")).toBe(false);
    expect(guessSystem("# nothing\n")).toBe(false);
  });
});
