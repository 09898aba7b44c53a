import { expect, test } from "vitest";
import { phrase } from "../../src/ui/phrase";

test("elements stand where the sentence names them, in any order", () => {
  const parts = { actor: "li", target: 7 };
  expect(phrase(({ actor, target }) => `${actor} changed ${target}.`, parts)).toEqual([
    "",
    "li",
    " changed ",
    7,
    ".",
  ]);
  expect(phrase(({ actor, target }) => `${target} by ${actor}`, parts)).toEqual(["", 7, " by ", "li", ""]);
});

test("a part that the sentence does not name is left out", () => {
  expect(phrase(() => "nothing happened", { actor: "li" })).toEqual(["nothing happened"]);
});
