/** The way in: by password, or by a link that works once. */

import { ApiError } from "../../api/problem";
import { ownPath } from "../../app/address";
import { languageMenu, themeMenu } from "../../app/shell";
import { router } from "../../app/router";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, replace, type Child } from "../../ui/dom";
import { clearFieldErrors, showFieldErrors } from "../../ui/field";
import { errorState, loadingState } from "../../ui/states";
import { credentials } from "./form";
import "./signin.css";

/** Draws into `place`; after a sign-in the reader is taken to `next`, an address of this console or a path of the master. */
export function signInPage(place: HTMLElement, query: URLSearchParams, next: string): void {
  const link = query.get("link");
  if (link) {
    // The secret works once; it has no business in the history of the browser.
    history.replaceState(null, "", "#/sign-in");
    void redeem(place, link, next);
  } else if (session.current) goOn(next);
  else drawForm(place, next, "");
}

async function redeem(place: HTMLElement, link: string, next: string): Promise<void> {
  frame(place, loadingState(), h("p.text-center.mb-0", { role: "status" }, t("signin:opening")));
  try {
    await session.redeem(link);
    goOn(next);
  } catch (error) {
    // A link that the server has not looked at still works.
    if (error instanceof ApiError && error.temporary)
      frame(
        place,
        errorState(error, () => void redeem(place, link, next)),
      );
    else drawForm(place, next, t("signin:linkUsed"));
  }
}

function drawForm(place: HTMLElement, next: string, message: string): void {
  const { fields, submit } = credentials();
  const problem = h("div.alert.alert-danger", { role: "alert", hidden: !message }, message);
  const button = h("button.btn.btn-primary.w-100", { type: "submit" }, t("signin:submit"));
  const form = h("form", { novalidate: true }, problem, fields, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    clearFieldErrors(form);
    submit().then(
      () => goOn(next),
      (error: unknown) => {
        const rest = showFieldErrors(form, error);
        replace(problem, rest);
        problem.hidden = rest === null;
        enable(button, error instanceof ApiError ? (error.retryAfter ?? 0) : 0);
      },
    );
  });
  frame(place, form);
  form.querySelector("input")?.focus();
}

/** After so many seconds, counting down. */
function enable(button: HTMLButtonElement, seconds: number): void {
  button.disabled = seconds > 0;
  replace(button, seconds > 0 ? t("signin:wait", { seconds }) : t("signin:submit"));
  if (seconds > 0) setTimeout(() => enable(button, seconds - 1), 1_000);
}

function frame(place: HTMLElement, ...content: Child[]): void {
  replace(
    place,
    h(
      "main.sign-in",
      null,
      h(
        "div.sign-in-brand",
        null,
        h("img", { src: "./favicon.svg", alt: "", width: 48, height: 48 }),
        h("h1", null, t("product")),
      ),
      h("div.card", null, h("div.card-body", null, ...content)),
      h("div.sign-in-choices", null, languageMenu(), themeMenu()),
    ),
  );
}

/** Only ever to a page of this console or of its master: `next` may come from anybody's link. */
function goOn(next: string): void {
  const path = ownPath(next, location.href);
  if (path) location.assign(path);
  else router.go(next.startsWith("#/") && !next.startsWith("#/sign-in") ? next : "#/", { replace: true });
}
