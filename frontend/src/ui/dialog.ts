/** Dialogs over the page: focus stays inside, Escape closes, the opener gets the focus back. */

import Modal from "bootstrap/js/dist/modal";
import { problemText } from "../app/problems";
import { t } from "../i18n";
import { h, newId, replace, type Child } from "./dom";

export interface DialogOptions {
  title: string;
  body?: Child;
  /** The label of the button that agrees. */
  action: string;
  danger?: boolean;
  size?: "lg" | "xl";
  /** Whether it can be left without agreeing. Default: yes. */
  cancel?: boolean;
  /**
   * Done when the reader agrees, while the dialog stays open; its error is shown there and nothing is lost.
   * The dialog closes when it resolves with anything but `false`.
   */
  act?: () => unknown;
}

/** Resolves with whether the reader agreed (and `act` succeeded). */
export function confirm(options: DialogOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const titleId = newId("dialog");
    const problem = h("div.alert.alert-danger.mt-3.mb-0", { role: "alert", hidden: true });
    const agree = h(
      `button.btn`,
      { type: "submit", class: options.danger ? "btn-danger" : "btn-primary" },
      options.action,
    );
    const cancellable = options.cancel !== false;
    const form = h(
      "form.modal-content",
      { novalidate: true },
      h(
        "div.modal-header",
        null,
        h("h2.modal-title.fs-5", { id: titleId }, options.title),
        cancellable &&
          h("button.btn-close", { type: "button", "data-bs-dismiss": "modal", "aria-label": t("close") }),
      ),
      h("div.modal-body", { hidden: options.body === undefined && !options.act }, options.body, problem),
      h(
        "div.modal-footer",
        null,
        cancellable &&
          h("button.btn.btn-outline-secondary", { type: "button", "data-bs-dismiss": "modal" }, t("cancel")),
        agree,
      ),
    );
    const element = h(
      "div.modal.fade",
      { tabindex: "-1", "aria-labelledby": titleId, "aria-modal": "true", role: "dialog" },
      h(
        "div.modal-dialog.modal-dialog-scrollable",
        { class: options.size ? `modal-${options.size}` : "" },
        form,
      ),
    );
    const opener = document.activeElement;
    const modal = new Modal(element, cancellable ? {} : { backdrop: "static", keyboard: false });
    let agreed = false;
    const run = async () => {
      problem.hidden = true;
      agree.disabled = true;
      try {
        if ((await options.act?.()) === false) return;
        agreed = true;
        modal.hide();
      } catch (error) {
        replace(problem, problemText(error));
        problem.hidden = false;
      } finally {
        agree.disabled = false;
      }
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void run();
    });
    element.addEventListener("shown.bs.modal", () => {
      (
        element.querySelector<HTMLElement>("[autofocus], .modal-body input, .modal-body textarea") ?? agree
      ).focus();
    });
    element.addEventListener("hidden.bs.modal", () => {
      modal.dispose();
      element.remove();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      resolve(agreed);
    });
    document.body.append(element);
    modal.show();
  });
}
