/** Sentences with elements in them, in the word order of each language. */

import type { Child } from "./dom";

const [OPEN, CLOSE] = ["\uE000", "\uE001"]; // private characters, which no text has

/**
 * `phrase((names) => t("audit:said", names), { actor: h("b", null, "li") })`: where the text has `{{actor}}` stands
 * that element.
 */
export function phrase<K extends string>(
  say: (names: Record<K, string>) => string,
  parts: Record<K, Child>,
): Child[] {
  const names = Object.keys(parts) as K[];
  const text = say(Object.fromEntries(names.map((name) => [name, OPEN + name + CLOSE])) as Record<K, string>);
  return text.split(/\uE000(\w+)\uE001/).map((piece, place) => (place % 2 ? parts[piece as K] : piece));
}
