import { describe, expect, it } from "vitest";

import { chooseLanguage, type Language } from "../../src/i18n";
import { useFilledForm } from "./filled-form";

describe("the variables of a job", () => {
  const form = useFilledForm();

  it.each<[Language, string]>([
    ["en", "write secret:NAME as the value"],
    ["zh", "密码等机密请写作 secret:名称"],
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
