import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { chooseLanguage, startI18n, type Language } from "../../src/i18n";
import { JobForm } from "../../src/pages/editor/form";
import { fillForm, type Surroundings } from "../../src/pages/editor/sections";

describe("the variables of a job", () => {
  let stop: AbortController;

  beforeAll(startI18n);
  beforeEach(() => {
    stop = new AbortController();
    vi.stubGlobal("fetch", () => new Promise(() => undefined)); // the preview of the schedule asks for ever
  });
  afterEach(() => {
    stop.abort();
    vi.unstubAllGlobals();
  });

  function form(): JobForm {
    const made = new JobForm(new Set());
    const around = { about: { timezone: "UTC" }, facets: { groups: [], tags: [], labels: [] }, workers: [] };
    fillForm(made, { ...around, signal: stop.signal } as unknown as Surroundings, false);
    return made;
  }

  it.each<[Language, string]>([
    ["en", "instead of a secret write secret:NAME"],
    ["zh", "机密请写作 secret:名称"],
  ])("say in %s how to refer to a secret", async (language, hint) => {
    await chooseLanguage(language);
    const help = form().element.querySelector('[data-field="env"]')?.textContent;
    expect(help).toContain(hint);
    expect(help).toContain("secret::");
  });

  it("keep a reference as it was written", () => {
    const made = form();
    made.write({ name: "a", command: "b", cronExpr: "@daily", env: { PASSWORD: "secret:db" } });
    expect(made.read().env).toEqual({ PASSWORD: "secret:db" });
  });
});
