import { expect, it } from "vitest";
import { chipsControl } from "../../src/pages/editor/chips";

function made(value: unknown) {
  const control = chipsControl({
    label: "tags",
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  });
  control.set(value);
  const input = control.element.querySelector("input");
  if (!input) throw new Error("there is no input");
  const type = (text: string) => {
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { inputType: "insertText" }));
  };
  const press = (key: string) => input.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  return { control, input, type, press };
}

it("takes values at Enter, at a comma of any script, and when it is left", () => {
  const { control, input, type, press } = made(["a"]);
  type("b");
  expect(control.get()).toEqual(["a"]);
  press("Enter");
  type("c，");
  type("d, e,");
  input.value = "f";
  input.dispatchEvent(new Event("change"));
  expect(control.get()).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(input.value).toBe("");
});

it("has no value twice, no empty one, and numbers as numbers", () => {
  const { control, type } = made([3]);
  type("3,, 4,x,");
  expect(control.get()).toEqual([3, 4, "x"]);
});

it("gives the last one back at Backspace, but not while something is typed", () => {
  const { control, type, press } = made(["a", "b"]);
  type("x");
  press("Backspace");
  expect(control.get()).toEqual(["a", "b"]);
  type("");
  press("Backspace");
  expect(control.get()).toEqual(["a"]);
});

it("survives what is no list", () => {
  expect(made("text").control.get()).toEqual([]);
  expect(made([{}, "a", null]).control.get()).toEqual(["a"]);
});
