import { describe, expect, it } from "vitest";

import { chooseLanguage, type Language } from "../../src/i18n";
import type { JobForm } from "../../src/pages/editor/form";
import { essentials } from "../../src/pages/editor/model";
import { useFilledForm } from "./filled-form";

describe("the fields for monitoring", () => {
  const filled = useFilledForm();

  function form(): JobForm {
    const made = filled();
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
    ["zh", "成功间隔上限", "单独的监控指标"],
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
