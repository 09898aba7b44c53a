/** The output of a run with everything around it: search, wrap, follow, copy, download. */

import { stored } from "../../../app/storage";
import { locale, t } from "../../../i18n";
import { formatNumber } from "../../../lib/number";
import { copyButton } from "../../../ui/clipboard";
import { h, replace } from "../../../ui/dom";
import { icon, type IconName } from "../../../ui/icons";
import { OutputViewer } from "./viewer";

const TYPING_MS = 150;

const wrapChoice = stored<"on" | "off">("yuanya.output.wrap", (value) =>
  value === "on" || value === "off" ? value : null,
);

export class OutputPanel {
  readonly viewer = new OutputViewer();
  readonly element: HTMLElement;
  private readonly size = h("span.out-size");
  private readonly found = h("span.out-found", { role: "status" });
  private readonly input = h("input.form-control.form-control-sm", {
    type: "search",
    "aria-label": t("run:output.search"),
    placeholder: t("run:output.search"),
    "data-search": true,
  });
  private readonly followButton = toggle("arrowDown", t("run:output.follow"), "follow", () =>
    this.viewer.follow(!this.viewer.follows),
  );
  private readonly wrapButton = toggle("textWrap", t("run:output.wrap"), "wrap", () =>
    this.wrap(wrapChoice.get() !== "on"),
  );
  private readonly tools: HTMLElement;
  private readonly download: HTMLAnchorElement;
  private readonly empty = h("div.out-none", { hidden: true });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private about = "";

  /** `file` is where the whole output can be had once the run has ended. */
  constructor(file: string) {
    this.download = h(
      "a.btn.btn-sm.btn-outline-secondary",
      {
        href: file,
        download: true,
        title: t("run:output.download"),
        "aria-label": t("run:output.download"),
        hidden: true,
      },
      icon("download"),
    );
    this.tools = h(
      "div.out-tools",
      { hidden: true },
      h(
        "div.out-search",
        { role: "search" },
        this.found,
        this.input,
        h(
          "div.btn-group",
          null,
          this.stepButton("chevronUp", t("run:output.previous"), -1),
          this.stepButton("chevronDown", t("run:output.next"), 1),
        ),
      ),
      this.followButton,
      this.wrapButton,
      h(
        "div.btn-group",
        null,
        copyButton(t("run:output.copy"), () => this.viewer.text()),
        this.download,
      ),
    );
    this.element = h(
      "div.card.out-card",
      null,
      h("div.out-bar", null, h("h2", null, t("run:output.title")), this.size, this.tools),
      this.viewer.element,
      this.empty,
    );
    this.wrap(wrapChoice.get() === "on");
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.viewer.find(this.input.value), TYPING_MS);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.viewer.onChange = () => this.changed();
  }

  /** Whether more may come; `about` says how much there is, `nothing` what to say where there is none. */
  show({ live, about, nothing }: { live: boolean; about: string; nothing: string }): void {
    this.followButton.hidden = !live;
    this.download.hidden = live;
    this.about = about;
    replace(this.empty, nothing);
    this.changed();
  }

  private changed(): void {
    const { viewer } = this;
    const count = viewer.lineCount;
    const lines = count ? t("run:output.lines", { count, number: formatNumber(count, locale()) }) : "";
    const words = [lines, this.about].filter(Boolean).join(" · ");
    if (this.size.textContent !== words) replace(this.size, words);
    this.followButton.setAttribute("aria-pressed", String(viewer.follows));
    const { matches, more, query } = viewer.search;
    const total = `${formatNumber(matches.length, locale())}${more ? "+" : ""}`;
    const found = !query
      ? ""
      : matches.length
        ? t("run:output.found", { place: formatNumber(viewer.chosen + 1, locale()), total })
        : t("run:output.notFound");
    if (this.found.textContent !== found) replace(this.found, found);
    this.empty.hidden = count > 0;
    viewer.element.hidden = this.tools.hidden = count === 0;
  }

  private wrap(on: boolean): void {
    wrapChoice.set(on ? "on" : "off");
    this.wrapButton.setAttribute("aria-pressed", String(on));
    this.viewer.wrap(on);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.timer);
      if (this.input.value !== this.viewer.search.query) this.viewer.find(this.input.value);
      else this.viewer.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.input.value) {
      this.input.value = "";
      this.viewer.find("");
    }
  }

  private stepButton(symbol: IconName, label: string, step: 1 | -1): HTMLElement {
    return h(
      "button.btn.btn-sm.btn-outline-secondary",
      { type: "button", title: label, "aria-label": label, on: { click: () => this.viewer.step(step) } },
      icon(symbol),
    );
  }
}

function toggle(symbol: IconName, label: string, action: string, act: () => void): HTMLElement {
  return h(
    "button.btn.btn-sm.btn-outline-secondary",
    { type: "button", title: label, "aria-pressed": "false", "data-action": action, on: { click: act } },
    icon(symbol),
    " ",
    h("span", null, label),
  );
}
