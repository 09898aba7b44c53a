/** Keys that work on every page. Escape closes dialogs and menus by itself. */

import { t } from "../i18n";
import { openDialog } from "../ui/dialog";
import { h, type Child } from "../ui/dom";

/** The page's search has `data-search`, its save button `data-save`. */
export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "s") save(event);
    else if (!command && !event.altKey && !typing(event) && !document.querySelector(".modal.show")) {
      if (event.key === "/") search(event);
      else if (event.key === "?") showKeys();
    }
  });
}

/** All keys there are, in a dialog. */
export function showKeys(): void {
  const keys: [Child, string][] = [
    [key("/"), t("keys.search")],
    [[key("Ctrl"), " ", key("S")], t("keys.save")],
    [key("Esc"), t("keys.close")],
    [[key("↑"), " ", key("↓")], t("keys.menu")],
    [key("?"), t("keys.help")],
  ];
  const dialog = openDialog({
    title: t("keys.title"),
    body: h(
      "dl.modal-body.facts.keys",
      null,
      keys.map(([name, what]) => [h("dt", null, name), h("dd", null, what)]),
    ),
    footer: h("button.btn.btn-primary", { type: "submit" }, t("close")),
    submit: () => dialog.close(),
  });
}

function key(name: string): HTMLElement {
  return h("kbd", null, name);
}

function save(event: KeyboardEvent): void {
  const button = document.querySelector<HTMLButtonElement>("[data-save]");
  if (!button) return;
  event.preventDefault();
  if (!button.disabled) button.click();
}

function search(event: KeyboardEvent): void {
  const input = document.querySelector<HTMLInputElement>("[data-search]");
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

function typing(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}
