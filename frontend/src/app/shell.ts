/** What is around every page: navigation, choices, who is signed in, and whether the server answers. */

import $ from "jquery";
import { connection } from "../api/connection";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, t, type Language } from "../i18n";
import { h, replace } from "../ui/dom";
import { icon, type IconName } from "../ui/icons";
import { menu } from "../ui/menu";
import { failed } from "../ui/toast";
import { href } from "./address";
import { showKeys } from "./keyboard";
import { router } from "./router";
import { session, type Role } from "./session";
import { chosenTheme, chooseTheme, onThemeChosen, type Theme } from "./theme";

type NavKey = "dashboard" | "jobs" | "runs" | "timeline" | "workers" | "users" | "tokens" | "audit" | "about";

const NAV: readonly ({ key: NavKey; path: string; icon: IconName; role: Role } | null)[] = [
  { key: "dashboard", path: "/", icon: "speedometer", role: "viewer" },
  { key: "jobs", path: "/jobs", icon: "listCheck", role: "viewer" },
  { key: "runs", path: "/runs", icon: "clockHistory", role: "viewer" },
  { key: "timeline", path: "/timeline", icon: "grid", role: "viewer" },
  { key: "workers", path: "/workers", icon: "hdd", role: "viewer" },
  null,
  { key: "users", path: "/users", icon: "people", role: "admin" },
  { key: "tokens", path: "/tokens", icon: "key", role: "viewer" },
  { key: "audit", path: "/audit", icon: "journal", role: "admin" },
  { key: "about", path: "/about", icon: "gear", role: "viewer" },
];

/** Pages that belong to an entry of the menu without standing below its address. */
const BELONGS: Record<string, string> = { "/new-job": "/jobs", "/import": "/jobs" };

export class Shell {
  private readonly nav = h("nav.shell-nav", { id: "main-menu" });
  private readonly bar = h("header.shell-bar");
  private readonly banner = h("div.lost-banner.alert.alert-danger", { role: "alert", hidden: true });
  private readonly outlet = h("div");
  private path = "";
  private readonly element = h(
    "div.shell",
    null,
    h("a.skip-link", { href: "#main", on: { click: skip } }),
    this.bar,
    this.nav,
    h("main.shell-main", { id: "main", tabindex: "-1" }, this.banner, this.outlet),
  );

  constructor(private readonly place: HTMLElement) {
    connection.onChange(() => this.showConnection());
    $(this.nav).on("click", "a", () => this.openMenu(false));
    $(document)
      .on("keydown", ({ key }) => {
        if (key !== "Escape" || !this.menuIsOpen) return;
        this.openMenu(false);
        this.toggle?.focus();
      })
      .on("pointerdown", ({ target }) => {
        if (!this.nav.contains(target) && !this.toggle?.contains(target)) this.openMenu(false);
      });
  }

  /** An empty element for the page of `path`. */
  prepare(path: string): HTMLElement {
    this.draw(path);
    if (!this.element.isConnected) replace(this.place, this.element);
    replace(this.outlet);
    scrollTo(0, 0);
    return this.outlet;
  }

  private get toggle(): HTMLElement | null {
    return this.bar.querySelector(".nav-toggle");
  }

  private get menuIsOpen(): boolean {
    return this.element.classList.contains("nav-open");
  }

  /** On a narrow screen; on a wide one the menu is always there. */
  private openMenu(open: boolean): void {
    this.element.classList.toggle("nav-open", open);
    this.toggle?.setAttribute("aria-expanded", String(open));
  }

  private draw(path: string): void {
    const focused = path === this.path ? this.focusedInBar() : -1;
    this.path = path;
    replace(this.element.querySelector(".skip-link") ?? this.element, t("skipToContent"));
    const current = BELONGS[path] ?? path;
    this.nav.setAttribute("aria-label", t("mainMenu"));
    replace(
      this.nav,
      NAV.map((entry) => {
        if (!entry) return h("hr");
        if (!session.may(entry.role)) return null;
        const here = entry.path === "/" ? current === "/" : current.split("/")[1] === entry.path.slice(1);
        return h(
          "a",
          { href: href(entry.path), "aria-current": here ? "page" : null },
          icon(entry.icon),
          t(`nav.${entry.key}`),
        );
      }),
    );
    replace(
      this.bar,
      h(
        "button.nav-toggle.btn.btn-sm.btn-outline-secondary",
        {
          type: "button",
          "aria-label": t("menu"),
          "aria-controls": "main-menu",
          "aria-expanded": String(this.menuIsOpen),
          on: { click: () => this.openMenu(!this.menuIsOpen) },
        },
        icon("list"),
      ),
      h(
        "a.brand",
        { href: href("/"), "aria-label": t("product") },
        h("img", { src: "./favicon.svg", alt: "", width: 26, height: 26 }),
        h("span.d-none.d-sm-inline", null, t("product")),
      ),
      h("span.live.ms-auto", { role: "status" }),
      languageMenu(),
      themeMenu(),
      this.userMenu(),
    );
    this.showConnection();
    this.inBar()[focused]?.focus();
  }

  /** What can have the focus in the bar, in order; it is the same in every language and theme. */
  private inBar(): HTMLElement[] {
    return [...this.bar.querySelectorAll<HTMLElement>("a, button")];
  }

  private focusedInBar(): number {
    return this.inBar().findIndex((each) => each === document.activeElement);
  }

  private showConnection(): void {
    const { state } = connection;
    const live = this.bar.querySelector(".live");
    live?.setAttribute("data-state", state);
    if (live) replace(live, h("span.d-none.d-md-inline", null, t(`live.${state}`)));
    this.banner.hidden = state !== "lost";
    if (state === "lost") replace(this.banner, icon("wifiOff"), t("lostBanner"));
  }

  private userMenu(): HTMLElement {
    const { current } = session;
    return menu(
      `${t("account")}: ${current?.user ?? ""}`,
      [icon("personCircle"), h("span.d-none.d-md-inline", null, ` ${current?.user ?? ""}`)],
      [
        {
          label: [
            icon("personCircle"),
            ` ${current?.user ?? ""} · ${t(`role.${current?.role ?? "viewer"}`)}`,
          ],
          href: href("/account"),
        },
        { label: [icon("boxArrowUpRight"), ` ${t("nav.apiDocs")}`], href: "docs", external: true },
        { label: [icon("keyboard"), ` ${t("keys.title")}`], act: showKeys },
        null,
        { label: [icon("boxArrowRight"), ` ${t("signOut")}`], act: () => void signOut() },
      ],
    );
  }
}

export function languageMenu(): HTMLElement {
  const languages = Object.entries(LANGUAGE_NAMES) as [Language, string][];
  return menu(
    t("language"),
    [icon("globe"), h("span.visually-hidden", null, t("language"))],
    languages.map(([language, name]) => ({
      label: h("span", { lang: language }, name),
      checked: language === currentLanguage(),
      act: () => void router.refresh(() => chooseLanguage(language)).catch(failed),
    })),
  );
}

export function themeMenu(): HTMLElement {
  const themes: [Theme | null, "system" | "light" | "dark", IconName][] = [
    [null, "system", "circleHalf"],
    ["light", "light", "sun"],
    ["dark", "dark", "moon"],
  ];
  const now = chosenTheme();
  const made = menu(
    t("theme"),
    icon(themes.find(([theme]) => theme === now)?.[2] ?? "circleHalf"),
    themes.map(([theme, name, symbol]) => ({
      label: [icon(symbol), ` ${t(`themes.${name}`)}`],
      checked: theme === now,
      act: () => chooseTheme(theme),
    })),
  );
  made.classList.add("theme-menu");
  return made;
}

// The page stays as it is: its colours are of CSS, and charts look after theirs.
onThemeChosen(() => {
  for (const old of document.querySelectorAll(".theme-menu")) {
    const made = themeMenu();
    const focused = old.contains(document.activeElement);
    old.replaceWith(made);
    if (focused) made.querySelector("button")?.focus();
  }
});

/** Ends the session and shows the way in; what goes wrong is said. */
export async function signOut(): Promise<void> {
  try {
    await session.signOut();
    router.go("#/sign-in");
  } catch (error) {
    failed(error);
  }
}

/** The address has a meaning of its own here, so the link only moves the focus. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
