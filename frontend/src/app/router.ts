/** From the address to the page: one page at a time, and none is left with unsaved work unasked. */

import { isAbort } from "../api/problem";
import { t } from "../i18n";
import { confirm } from "../ui/dialog";
import { errorState, loadingState } from "../ui/states";
import { match, parseAddress, type Address } from "./address";
import { lifetime, type PageContext } from "./page";
import { ROUTES, SIGN_IN, type Route } from "./routes";
import { session } from "./session";

export interface Outlet {
  /** An empty element for the page of `path`, with the shell around it. */
  prepare(path: string): HTMLElement;
  /** Draws the sign-in page; `next` is where to go afterwards. */
  signIn(query: URLSearchParams, next: string): void;
}

const LOADING_MS = 150; // a page that is there sooner needs no sign of loading

class Router {
  private outlet: Outlet | null = null;
  private leaving = new AbortController();
  private dirty: (() => boolean) | null = null;
  private shown = "";
  private visited = 0;

  start(outlet: Outlet): void {
    this.outlet = outlet;
    addEventListener("hashchange", () => void this.changed());
    addEventListener("beforeunload", (event) => {
      if (this.dirty?.()) event.preventDefault();
    });
    void this.show();
  }

  /** Go to `hash` (see `href`). */
  go(hash: string, { replace = false } = {}): void {
    if (location.hash === hash) void this.show();
    else if (replace) {
      history.replaceState(null, "", hash);
      void this.changed();
    } else location.hash = hash;
  }

  /** Draw the page anew once `first` is done, such as in another language; neither where the reader would lose work. */
  async refresh(first?: () => Promise<unknown>): Promise<void> {
    if (!(await this.mayLeave())) return;
    await first?.();
    await this.show();
  }

  /** Whether leaving the page would lose work. */
  get unsaved(): boolean {
    return this.dirty?.() ?? false;
  }

  /** Asks where there is unsaved work. After a yes it counts as given up. */
  async mayLeave(): Promise<boolean> {
    if (!this.unsaved) return true;
    const agreed = await confirm({ title: t("leaveUnsaved"), action: t("leave"), danger: true });
    if (agreed) this.dirty = null;
    return agreed;
  }

  private async changed(): Promise<void> {
    if (location.hash === this.shown) return;
    if (this.dirty?.()) {
      const wanted = location.hash;
      history.replaceState(null, "", this.shown);
      if (!(await this.mayLeave())) return;
      history.replaceState(null, "", wanted);
    }
    await this.show();
  }

  private async show(): Promise<void> {
    this.leaving.abort();
    this.leaving = new AbortController();
    this.dirty = null;
    this.shown = location.hash;
    const outlet = this.outlet;
    if (!outlet) return;
    const address = parseAddress(location.hash);
    if (address.path === SIGN_IN || !session.current) {
      const next = address.path === SIGN_IN ? (address.query.get("next") ?? "#/") : location.hash || "#/";
      document.title = `${t("signIn")} · ${t("product")}`;
      outlet.signIn(address.path === SIGN_IN ? address.query : new URLSearchParams(), next);
      return;
    }
    const root = outlet.prepare(address.path);
    const found = find(address.path);
    if (!found || !session.may(found.route.role)) {
      document.title = t("product");
      root.append(errorState(found ? t("notAllowed") : t("noSuchPage")));
      return;
    }
    await this.draw(found.route, found.params, address, root);
  }

  private async draw(
    route: Route,
    params: Record<string, string>,
    address: Address,
    root: HTMLElement,
  ): Promise<void> {
    const { signal } = this.leaving;
    this.visited += 1;
    const loading = loadingState();
    const timer = setTimeout(() => root.append(loading), LOADING_MS);
    const place = document.createElement("div");
    place.className = "page";
    root.append(place);
    try {
      const { default: page } = await route.load();
      if (signal.aborted) return;
      await page(this.context(place, params, address, signal));
      if (this.visited > 1) focusHeading(place);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      place.replaceChildren(errorState(error, () => void this.show()));
    } finally {
      clearTimeout(timer);
      loading.remove();
    }
  }

  private context(
    root: HTMLElement,
    params: Record<string, string>,
    address: Address,
    signal: AbortSignal,
  ): PageContext {
    return {
      root,
      params,
      query: address.query,
      signal,
      ...lifetime(signal),
      title(text) {
        document.title = `${text} · ${t("product")}`;
      },
      setQuery: (query) => {
        if (signal.aborted) return;
        const search = query.toString();
        history.replaceState(null, "", `#${address.path}${search ? `?${search}` : ""}`);
        this.shown = location.hash;
      },
      guard: (dirty) => {
        this.dirty = dirty;
      },
    };
  }
}

/** Whoever reads by ear goes on at the new page's heading, unless the focus is somewhere already. */
function focusHeading(place: HTMLElement): void {
  const heading = place.querySelector("h1");
  if (!heading || document.activeElement !== document.body) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function find(path: string): { route: Route; params: Record<string, string> } | null {
  for (const route of ROUTES) {
    const params = match(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}

export const router = new Router();
