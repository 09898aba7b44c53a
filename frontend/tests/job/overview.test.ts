import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { chooseLanguage, startI18n, type Language } from "../../src/i18n";
import { health } from "../../src/pages/job/overview";
import type { JobSource, Known } from "../../src/pages/job/source";

const JOB = { name: "a", command: "b", cronExpr: "@daily", state: "enabled", revision: 1 };

/** What the page shows, and a way to tell it of another version of the job. */
function shown(job: object): { text: () => string; change: (job: object) => void } {
  let tell: (known: Known) => void = () => undefined;
  const know = (changed: object) => ({ job: { ...JOB, ...changed }, etag: "" }) as unknown as Known;
  const source = {
    follow: (listener: (known: Known) => void) => {
      tell = listener;
      listener(know(job));
    },
  };
  const list = health(source as unknown as JobSource);
  return { text: () => list.textContent, change: (changed) => tell(know(changed)) };
}

describe("the figures of a job", () => {
  beforeAll(startI18n);
  beforeEach(() => chooseLanguage("en"));

  it.each<[Language, string]>([
    ["en", "Expected within 1 d 2 h"],
    ["zh", "应在 1 天 2 小时内成功"],
  ])("say in %s within what time a success is expected", async (language, words) => {
    await chooseLanguage(language);
    expect(shown({ successWithinSeconds: 26 * 3600 }).text()).toContain(words);
  });

  it("say nothing of it where none is expected, and follow a change", () => {
    const page = shown({ successWithinSeconds: null });
    expect(page.text()).not.toContain("Expected");
    page.change({ successWithinSeconds: 60 });
    expect(page.text()).toContain("Expected within 1 min");
  });
});
