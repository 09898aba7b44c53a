/** Copying text, also where the page does not come over HTTPS and the browser withholds its clipboard. */

import { t } from "../i18n";
import { h, replace } from "./dom";
import { icon } from "./icons";
import { failed } from "./toast";

const SHOWN_MS = 1_500;

/** `near` is where the focus is: a dialog takes it back from anything outside. */
async function copyText(text: string, near: HTMLElement): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true" });
  area.value = text;
  (near.closest(".modal") ?? document.body).append(area);
  area.select();
  // The only way there is without the clipboard API.
  const done = document.execCommand("copy"); // eslint-disable-line @typescript-eslint/no-deprecated
  area.remove();
  near.focus();
  if (!done) throw new Error(t("copyFailed"));
}

/** A button that copies what `text` gives when it is pressed; `label` names what is copied. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", title: label, "aria-label": label, "data-action": "copy" },
    icon("copy"),
  );
  button.addEventListener("click", () => {
    copyText(text(), button).then(
      () => {
        replace(button, icon("check"));
        button.title = t("copied");
        setTimeout(() => {
          replace(button, icon("copy"));
          button.title = label;
        }, SHOWN_MS);
      },
      (error: unknown) => failed(error),
    );
  });
  return button;
}
