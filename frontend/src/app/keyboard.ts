/** Keys that work on every page: `/` searches, Ctrl-S saves. Escape closes dialogs and menus by itself. */

/** The page's search has `data-search`, its save button `data-save`. */
export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      const save = document.querySelector<HTMLButtonElement>("[data-save]");
      if (!save) return;
      event.preventDefault();
      if (!save.disabled) save.click();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event)) {
      const search = document.querySelector<HTMLInputElement>("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
}

function typing(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}
