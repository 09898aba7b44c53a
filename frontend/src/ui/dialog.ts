/** Dialogs over the page: focus stays inside, Escape closes, the opener gets the focus back. */

import Modal from "bootstrap/js/dist/modal";
import { t } from "../i18n";
import { h, newId, replace, type Child } from "./dom";
import { clearFieldErrors, showFieldErrors } from "./field";

const SETTLED_MS = 1_000; // longer than any transition of Bootstrap's

export interface DialogOptions {
  title: string;
  body?: Child;
  /** The label of the button that agrees. */
  action: string;
  danger?: boolean;
  size?: "lg" | "xl";
  /** Whether it can be left without agreeing. Default: yes. Words: only by a button of this label. */
  cancel?: boolean | string;
  /**
   * Done when the reader agrees, while the dialog stays open; its error is shown there, what the server says of a
   * field at this field, and nothing is lost.
   * The dialog closes when it resolves with anything but `false`.
   */
  act?: () => unknown;
}

export interface Opened {
  readonly element: HTMLElement;
  readonly close: () => void;
  /** From `true` to `false` it cannot be closed: what is under way has an outcome to show. */
  readonly busy: (busy: boolean) => void;
  /** Resolves once it is gone from the page. */
  readonly closed: Promise<void>;
}

export interface OpenOptions extends Pick<DialogOptions, "title" | "size"> {
  /** Whether Escape and a button in its corner close it. Default: yes. */
  cancel?: boolean;
  body: Child;
  footer: Child;
  submit: () => void;
}

/** What has the focus first, the best first. Whoever still holds Enter has not agreed to anything dangerous. */
const FIRST = [
  "[autofocus]",
  ".modal-body input, .modal-body textarea, .modal-body select",
  ".modal-footer:has(.btn-danger) [data-bs-dismiss]",
  "[type=submit]",
];

/** A dialog of any content; a submit button in the footer calls `submit`. */
export function openDialog({ title, body, footer, size, cancel = true, submit }: OpenOptions): Opened {
  const titleId = newId("dialog");
  const form = h(
    "form.modal-content",
    { novalidate: true },
    h(
      "div.modal-header",
      null,
      h("h2.modal-title.fs-5", { id: titleId }, title),
      cancel &&
        h("button.btn-close", { type: "button", "data-bs-dismiss": "modal", "aria-label": t("close") }),
    ),
    body,
    h("div.modal-footer", null, footer),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  const element = h(
    "div.modal",
    { tabindex: "-1", "aria-labelledby": titleId, "aria-modal": "true", role: "dialog" },
    h("div.modal-dialog.modal-dialog-scrollable", { class: size ? `modal-${size}` : "" }, form),
  );
  // An entry of a menu is gone with its menu; the button that opens the menu is not.
  const active = document.activeElement;
  const opener = active?.closest(".dropdown")?.querySelector("[data-bs-toggle]") ?? active;
  // A click beside it must not cost what was typed.
  const asks = element.querySelector("input, textarea, select") !== null;
  const modal = new Modal(element, { backdrop: asks || !cancel ? "static" : true, keyboard: cancel });
  element.addEventListener("shown.bs.modal", () => {
    const found = FIRST.map((each) => element.querySelector<HTMLElement>(each));
    found.find((each) => each !== null)?.focus();
  });
  element.addEventListener("hide.bs.modal", (event) => {
    if (working) event.preventDefault();
  });
  let working = false;
  const busy = (now: boolean) => {
    working = now;
    for (const each of element.querySelectorAll<HTMLButtonElement>("[data-bs-dismiss]")) each.disabled = now;
  };
  const close = () => modal.hide();
  // It belongs to the page below it.
  if (cancel) addEventListener("hashchange", close);
  const closed = new Promise<void>((resolve) => {
    element.addEventListener("hidden.bs.modal", () => {
      removeEventListener("hashchange", close);
      // What a refused Escape has set in motion still asks for the element.
      setTimeout(() => modal.dispose(), SETTLED_MS);
      element.remove();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      resolve();
    });
  });
  document.body.append(element);
  modal.show();
  return { element, close, busy, closed };
}

/** Resolves with whether the reader agreed (and `act` succeeded). */
export async function confirm(options: DialogOptions): Promise<boolean> {
  const problem = h("div.alert.alert-danger.mt-3.mb-0", { role: "alert", hidden: true });
  const agree = h(
    `button.btn`,
    { type: "submit", class: options.danger ? "btn-danger" : "btn-primary" },
    options.action,
  );
  let agreed = false;
  const busy = (now: boolean) => {
    agree.disabled = now;
    dialog.busy(now);
  };
  const run = async () => {
    if (agree.disabled) return;
    problem.hidden = true;
    clearFieldErrors(dialog.element);
    busy(true);
    try {
      agreed = (await options.act?.()) !== false;
    } catch (error) {
      const rest = showFieldErrors(dialog.element, error);
      replace(problem, rest);
      problem.hidden = rest === null;
    } finally {
      busy(false);
      if (agreed) dialog.close();
      // A button that is disabled loses the focus, and Escape is heard only where the focus is.
      else if (!dialog.element.contains(document.activeElement)) agree.focus();
    }
  };
  const dialog = openDialog({
    ...options,
    cancel: (options.cancel ?? true) === true,
    body: h("div.modal-body", { hidden: options.body === undefined && !options.act }, options.body, problem),
    footer: [
      options.cancel !== false &&
        h(
          "button.btn.btn-outline-secondary",
          { type: "button", "data-bs-dismiss": "modal" },
          typeof options.cancel === "string" ? options.cancel : t("cancel"),
        ),
      agree,
    ],
    submit: () => void run(),
  });
  await dialog.closed;
  return agreed;
}
