/**
 * Building elements. Strings become text nodes, so whatever a job is called or prints is never read as HTML.
 */

export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Listener = (event: Event) => unknown;

/**
 * Attributes by name; `false`, `null` and `undefined` leave one out, `true` sets it empty.
 * `on` adds listeners by event name; `css` sets style properties (custom ones too), which a strict
 * Content-Security-Policy allows where a style attribute is refused.
 */
export interface Props {
  class?: string;
  on?: Record<string, Listener>;
  css?: Record<string, string>;
  [attribute: string]: unknown;
}

/** `h("button.btn.btn-sm", { type: "button" }, "Save")`. Classes may stand behind the tag. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`,
  props?: Props | null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name as K);
  return fill(element, classes, props, children);
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K | `${K}.${string}`,
  props?: Props | null,
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const [name, ...classes] = tag.split(".");
  const element = document.createElementNS("http://www.w3.org/2000/svg", name as K);
  return fill(element, classes, props, children);
}

function fill<E extends HTMLElement | SVGElement>(
  element: E,
  classes: string[],
  props: Props | null | undefined,
  children: Child[],
): E {
  if (classes.length) element.classList.add(...classes);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value as Record<string, Listener>))
        element.addEventListener(event, listener);
    } else if (name === "css") {
      for (const [property, setting] of Object.entries(value as Record<string, string>))
        element.style.setProperty(property, setting);
    } else if (name === "class") {
      element.classList.add(...(value as string).split(/\s+/).filter(Boolean));
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : `${value as string | number}`);
    }
  }
  element.append(...nodes(children));
  return element;
}

/** Children as nodes, without the empty ones. */
export function nodes(children: readonly Child[]): Node[] {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return nodes(child as readonly Child[]);
    return [child instanceof Node ? child : document.createTextNode(`${child as string | number}`)];
  });
}

/** Put `children` in the place of all that `element` has. */
export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children));
}

let ids = 0;

/** A new id, to tie labels and descriptions to their fields. */
export function newId(prefix: string): string {
  ids += 1;
  return `${prefix}-${ids}`;
}
