import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { chooseLanguage, startI18n, type Language } from "../../src/i18n";
import { JobForm } from "../../src/pages/editor/form";
import { essentials } from "../../src/pages/editor/model";
import { fillForm, type Surroundings } from "../../src/pages/editor/sections";

describe("the fields for monitoring", () => {
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
    made.write({ name: "a", command: "b", cronExpr: "@daily" });
    return made;
  }

  const input = (made: JobForm, path: string): HTMLInputElement => {
    const found = made.element.querySelector<HTMLInputElement>(`[data-field="${path}"] input`);
    if (!found) throw new Error(`There is no field ${path}.`);
    return found;
  };

  it.each<[Language, string, string]>([
    ["en", "Success expected within", "Metrics of its own"],
    ["zh", "应在此时间内成功", "单独的监控指标"],
  ])("have names in %s", async (language, within, metrics) => {
    await chooseLanguage(language);
    const text = form().element.textContent;
    expect(text).toContain(within);
    expect(text).toContain(metrics);
  });

  it("are not sent until they are set", () => {
    const made = form();
    expect(essentials(made.read())).toEqual({ name: "a", command: "b", cronExpr: "@daily" });
    input(made, "successWithinSeconds").value = "93600";
    input(made, "metrics").checked = true;
    expect(essentials(made.read())).toMatchObject({ successWithinSeconds: 93_600, metrics: true });
  });
});
