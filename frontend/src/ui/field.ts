/** Form fields with their label, help and error tied together for everybody, screen readers included. */

import { ApiError } from "../api/problem";
import { fieldText, problemText } from "../app/problems";
import { h, newId, replace, type Child } from "./dom";

export interface FieldOptions {
  /** JSON name in the API, such as `retries.max`: where the server's word on it belongs. */
  name: string;
  label: Child;
  help?: Child;
  /** An input, select, textarea, or anything with one of these inside. */
  control: HTMLElement;
}

/** `label`, control, help and room for an error. */
export function field({ name, label, help, control }: FieldOptions): HTMLElement {
  const input = inputOf(control);
  const id = input.id || newId("field");
  input.id = id;
  const helpId = help === undefined ? null : `${id}-help`;
  const errorId = `${id}-error`;
  input.setAttribute("aria-describedby", [helpId, errorId].filter(Boolean).join(" "));
  return h(
    "div.field",
    { "data-field": name },
    h("label.form-label", { for: id }, label),
    control,
    h("div.invalid-feedback", { id: errorId }),
    helpId && h("div.form-text", { id: helpId }, help),
  );
}

/** Say `message` at the field `name` of `form`, or take it away with null. Answers whether there is such a field. */
export function setFieldError(form: Element, name: string, message: string | null): boolean {
  const place = closest(form, name);
  if (!place) return false;
  const input = inputOf(place.element);
  input.classList.toggle("is-invalid", message !== null);
  if (message === null) input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
  place.element.classList.toggle("has-error", message !== null);
  replace(place.room, message);
  return true;
}

export function clearFieldErrors(form: Element): void {
  for (const place of form.querySelectorAll<HTMLElement>(".has-error"))
    setFieldError(form, place.dataset.field ?? "", null);
}

/**
 * Show what the server refused at its fields, focus the first, and return what belongs to no field of the form
 * (or the error itself) in words, null if nothing is left to say.
 */
export function showFieldErrors(form: Element, error: unknown): string | null {
  clearFieldErrors(form);
  if (!(error instanceof ApiError) || !error.fields.length) return problemText(error);
  const rest = error.fields.filter(
    ({ field: name, message }) => !setFieldError(form, name, fieldText(message)),
  );
  const first = form.querySelector(".has-error");
  if (first) inputOf(first as HTMLElement).focus();
  return rest.length ? rest.map((e) => `${e.field}: ${fieldText(e.message)}`).join("; ") : null;
}

/**
 * The field with room for an error. `env.PATH` belongs to the field `env` where there is none of its own; what only
 * shows a value has the name of a field too.
 */
function closest(form: Element, name: string): { element: HTMLElement; room: Element } | null {
  const fields = [...form.querySelectorAll<HTMLElement>("[data-field]")];
  for (let path = name; path; path = path.slice(0, Math.max(0, path.lastIndexOf("."))))
    for (const element of fields) {
      const room = element.querySelector(".invalid-feedback");
      if (room && element.dataset.field === path) return { element, room };
    }
  return null;
}

function inputOf(control: HTMLElement): HTMLElement {
  const inside = "input, select, textarea, [contenteditable], [data-input]";
  return control.matches(inside) ? control : (control.querySelector<HTMLElement>(inside) ?? control);
}
