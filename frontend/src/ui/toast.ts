/** Short words on what was done or failed, in a corner; read out by screen readers. */

import Toast from "bootstrap/js/dist/toast";
import { problemText } from "../app/problems";
import { t } from "../i18n";
import { h, type Child } from "./dom";
import { icon } from "./icons";

const SHOWN_MS = 5_000;
const MAX_SHOWN = 4;

const corner = h("div.toast-container.position-fixed.bottom-0.end-0.p-3", { "aria-live": "polite" });

/** Something has been done. */
export function said(...words: Child[]): void {
  show("success", words, SHOWN_MS);
}

/** Something has failed: `error` in words, kept until closed. */
export function failed(error: unknown): void {
  show("danger", [typeof error === "string" ? error : problemText(error)], null);
}

function show(kind: "success" | "danger", words: Child[], ms: number | null): void {
  if (!corner.isConnected) document.body.append(corner);
  const element = h(
    `div.toast`,
    { role: kind === "danger" ? "alert" : "status", class: `toast-${kind}` },
    h(
      "div.d-flex",
      null,
      h(
        "div.toast-body",
        null,
        icon(kind === "danger" ? "xCircle" : "checkCircle", `text-${kind}`),
        " ",
        ...words,
      ),
      h("button.btn-close.me-2.m-auto", {
        type: "button",
        "data-bs-dismiss": "toast",
        "aria-label": t("close"),
      }),
    ),
  );
  corner.append(element);
  while (corner.children.length > MAX_SHOWN) corner.firstElementChild?.remove();
  element.addEventListener("hidden.bs.toast", () => element.remove());
  new Toast(element, ms === null ? { autohide: false } : { delay: ms }).show();
}
