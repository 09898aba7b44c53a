/** A field for a password, with a button that shows what is typed. */

import { t } from "../i18n";
import { h, replace, type Props } from "./dom";
import { icon } from "./icons";

export interface PasswordInput {
  /** The control for `field()`. */
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
}

/** `autocomplete` tells password managers whether to fill in the present one or to make a new one. */
export function passwordInput(
  autocomplete: "current-password" | "new-password",
  props: Props = {},
): PasswordInput {
  const input = h("input.form-control", {
    type: "password",
    autocomplete,
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    maxlength: 1024,
    ...props,
  });
  const toggle = h("button.btn.btn-outline-secondary", {
    type: "button",
    on: { click: () => show(input.type === "password") },
  });
  const show = (shown: boolean) => {
    input.type = shown ? "text" : "password";
    const label = t(shown ? "hideTyped" : "showTyped");
    toggle.setAttribute("aria-label", label);
    toggle.title = label;
    replace(toggle, icon(shown ? "eyeSlash" : "eye"));
  };
  show(false);
  return { element: h("div.input-group", null, input, toggle), input };
}
