/** A button that opens a menu: arrow keys and Escape work as everywhere. */

import "bootstrap/js/dist/dropdown";
import { h, type Child } from "./dom";

export interface MenuItem {
  label: Child;
  /** An address, or what to do. */
  href?: string;
  act?: () => void;
  /** Marks the present one of several choices. */
  checked?: boolean;
  danger?: boolean;
  external?: boolean;
  /** The address is a file to keep. */
  download?: boolean;
}

/** `label` names the button for screen readers; `face` is what is seen of it. Null makes a dividing line. */
export function menu(
  label: string,
  face: Child,
  items: readonly (MenuItem | null)[],
  buttonClass = "btn btn-sm btn-outline-secondary",
): HTMLElement {
  return h(
    "div.dropdown",
    null,
    h(
      "button",
      {
        type: "button",
        class: buttonClass,
        "data-bs-toggle": "dropdown",
        // A table that scrolls would cut off a menu that is placed within it.
        "data-bs-popper-config": '{"strategy":"fixed"}',
        "aria-expanded": "false",
        "aria-label": label,
        title: label,
      },
      face,
    ),
    h(
      "ul.dropdown-menu.dropdown-menu-end",
      null,
      items.map((item) => h("li", null, item ? entry(item) : h("hr.dropdown-divider"))),
    ),
  );
}

function entry(item: MenuItem): HTMLElement {
  const looks = {
    class: `dropdown-item ${item.danger ? "text-danger" : ""} ${item.checked ? "active" : ""}`,
  };
  if (item.href !== undefined)
    return h(
      "a",
      {
        ...looks,
        href: item.href,
        download: item.download,
        ...(item.external ? { target: "_blank", rel: "noopener" } : {}),
      },
      item.label,
    );
  return h(
    "button",
    {
      ...looks,
      type: "button",
      "aria-current": item.checked ? "true" : null,
      on: {
        click: ({ currentTarget }) => {
          // The entry goes with its menu; the focus does not.
          (currentTarget as Element)
            .closest(".dropdown")
            ?.querySelector<HTMLElement>("[data-bs-toggle]")
            ?.focus();
          item.act?.();
        },
      },
    },
    item.label,
  );
}
