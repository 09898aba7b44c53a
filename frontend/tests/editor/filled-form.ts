/** The form of the editor with all its sections, as a page that asks nothing of a server has it. */
import { afterEach, beforeAll, beforeEach, vi } from "vitest";

import { startI18n } from "../../src/i18n";
import { JobForm } from "../../src/pages/editor/form";
import { fillForm, type Surroundings } from "../../src/pages/editor/sections";

/** Call it in `describe`; what it returns makes a form, which lives until the end of the test. */
export function useFilledForm(): () => JobForm {
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

  return () => {
    const made = new JobForm(new Set());
    const around = { about: { timezone: "UTC" }, facets: { groups: [], tags: [], labels: [] }, workers: [] };
    fillForm(made, { ...around, signal: stop.signal } as unknown as Surroundings, false);
    return made;
  };
}
