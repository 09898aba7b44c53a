/** The way in: by password, or by a link that works once. */

import { languageMenu, themeMenu } from "../../app/shell";
import { problemText } from "../../app/problems";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { loadingState } from "../../ui/states";
import { credentials } from "./form";

/** Draws into `place`; after a sign-in the reader is taken to `next`, an address of this console or a path of the master. */
export function signInPage(place: HTMLElement, query: URLSearchParams, next: string): void {
  const link = query.get("link");
  if (link) void redeem(place, link, next);
  else drawForm(place, next, "");
}

async function redeem(place: HTMLElement, link: string, next: string): Promise<void> {
  // The secret works once; it has no business in the history of the browser.
  history.replaceState(null, "", "#/sign-in");
  replace(place, h("div.sign-in", null, loadingState()));
  try {
    await session.redeem(link);
    goOn(next);
  } catch {
    drawForm(place, next, t("signin:linkUsed"));
  }
}

function drawForm(place: HTMLElement, next: string, message: string): void {
  const { fields, submit } = credentials();
  const problem = h("div.alert.alert-danger", { role: "alert", hidden: !message }, message);
  const button = h("button.btn.btn-primary.w-100", { type: "submit" }, t("signin:submit"));
  const form = h("form", { novalidate: true }, problem, fields, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    submit()
      .then(() => goOn(next))
      .catch((error: unknown) => {
        replace(problem, problemText(error));
        problem.hidden = false;
      })
      .finally(() => (button.disabled = false));
  });
  replace(
    place,
    h(
      "main.sign-in",
      null,
      h(
        "div.card",
        null,
        h(
          "div.card-body.p-4",
          null,
          h(
            "div.d-flex.align-items-center.gap-2.mb-4",
            null,
            h("img", { src: "./favicon.svg", alt: "", width: 32, height: 32 }),
            h("h1.fs-5.mb-0.me-auto", null, t("product")),
            languageMenu(),
            themeMenu(),
          ),
          form,
        ),
      ),
    ),
  );
  form.querySelector("input")?.focus();
}

/** Only ever to a page of this console or of its master: `next` may come from anybody's link. */
function goOn(next: string): void {
  if (/^\/(?![/\\])/.test(next) && !next.startsWith("/#")) location.assign(next);
  else router.go(next.startsWith("#/") && !next.startsWith("#/sign-in") ? next : "#/", { replace: true });
}
