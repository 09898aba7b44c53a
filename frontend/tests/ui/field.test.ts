import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/problem";
import { h } from "../../src/ui/dom";
import { clearFieldErrors, field, setFieldError, showFieldErrors } from "../../src/ui/field";

function formOf(...names: string[]): HTMLElement {
  return h(
    "form",
    null,
    names.map((name) => field({ name, label: name, control: h("input") })),
  );
}

describe("errors at fields", () => {
  it("are said at the field, and taken away again", () => {
    const form = formOf("name", "cronExpr");
    expect(setFieldError(form, "cronExpr", "no such schedule")).toBe(true);
    const input = form.querySelector("[data-field=cronExpr] input");
    expect(input?.getAttribute("aria-invalid")).toBe("true");
    expect(form.textContent).toContain("no such schedule");
    clearFieldErrors(form);
    expect(input?.hasAttribute("aria-invalid")).toBe(false);
    expect(form.textContent).not.toContain("no such schedule");
  });

  it("belong to the field around where there is none of their own", () => {
    const form = formOf("env");
    expect(setFieldError(form, "env.PATH", "too long")).toBe(true);
    expect(form.querySelector("[data-field=env]")?.textContent).toContain("too long");
  });

  it("are not lost at what only shows a value", () => {
    const form = h("form", null, h("div", { "data-field": "command" }, "true"));
    const refused = new ApiError(422, "", [{ field: "command", message: "is too long" }]);
    expect(showFieldErrors(form, refused)).toContain("is too long");
    form.append(...formOf("command").children);
    expect(showFieldErrors(form, refused)).toBeNull();
    expect(form.lastElementChild?.textContent).toContain("is too long");
  });
});
