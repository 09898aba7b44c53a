/** A checkbox or radio button with its label, and what else belongs to it. */

import { h, newId, type Child } from "./dom";

/** `input` has the class form-check-input; it gets an id if it has none. */
export function check(input: HTMLInputElement, label: Child, ...more: Child[]): HTMLElement {
  input.id ||= newId("check");
  return h("div.form-check", null, input, h("label.form-check-label", { for: input.id }, label), ...more);
}
