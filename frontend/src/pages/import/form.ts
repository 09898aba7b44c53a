/** The text to import and how it is to be read. */

import type { Schemas } from "../../api/client";
import { formatBytes } from "../../lib/number";
import { locale, t } from "../../i18n";
import { zones } from "../../lib/zones";
import { check } from "../../ui/check";
import { h } from "../../ui/dom";
import { field, setFieldError } from "../../ui/field";
import { icon } from "../../ui/icons";
import { guessFormat, guessSystem, type Format } from "./guess";

const MAX_BYTES = 6 * 1024 * 1024; // the API takes 8 MB of JSON, where quotes and newlines take two bytes

export type Wanted = Pick<Schemas["ImportRequest"], "format" | "text" | "system" | "group" | "timezone">;

export class ImportForm {
  readonly element: HTMLFormElement;
  private readonly text = h("textarea.form-control.mono.import-text", {
    rows: 14,
    spellcheck: "false",
    wrap: "off",
    placeholder: "30 2 * * * /usr/local/bin/backup --all",
  });
  private readonly file = h("input.visually-hidden", {
    type: "file",
    tabindex: "-1",
    "aria-hidden": "true",
    accept: ".yml,.yaml,.json,.txt,.cron,.crontab,text/*",
  });
  private readonly formats = {
    crontab: this.radio("crontab"),
    yaml: this.radio("yaml"),
  };
  private readonly system = h("input.form-check-input", { type: "checkbox", id: "import-system" });
  private readonly systemRow = check(this.system, t("import:system"));
  private readonly group = h("input.form-control.form-control-sm", { type: "text", autocomplete: "off" });
  private readonly zone = h("input.form-control.form-control-sm", {
    type: "text",
    autocomplete: "off",
    list: "import-zones",
  });

  /** `submit` is to preview; `changed` says that a preview no longer fits. */
  constructor(submit: () => void, changed: () => void) {
    this.element = h(
      "form.card.import-form",
      { novalidate: true },
      field({
        name: "text",
        label: t("import:text"),
        help: [
          h("span", null, t("import:textHelp")),
          h(
            "button.btn.btn-sm.btn-outline-secondary",
            { type: "button", on: { click: () => this.file.click() } },
            icon("upload"),
            " ",
            t("import:chooseFile"),
          ),
        ],
        control: this.text,
      }),
      this.file,
      h(
        "div.import-options",
        null,
        h(
          "fieldset",
          { "data-field": "format" },
          h("legend.form-label", null, t("import:format.title")),
          Object.entries(this.formats).map(([format, input]) =>
            check(input, t(`import:format.${format as Format}`)),
          ),
          this.systemRow,
        ),
        field({ name: "group", label: t("import:group"), help: t("import:ifNone"), control: this.group }),
        field({
          name: "timezone",
          label: t("import:timezone"),
          help: t("import:zoneHelp"),
          control: this.zone,
        }),
        h(
          "datalist",
          { id: "import-zones" },
          zones().map((value) => h("option", { value })),
        ),
      ),
      h(
        "div.import-submit",
        null,
        h("button.btn.btn-primary", { type: "submit" }, icon("search"), " ", t("import:preview")),
      ),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    this.element.addEventListener("input", changed);
    this.element.addEventListener("change", () => this.drawOptions());
    this.text.addEventListener("paste", () => setTimeout(() => this.guess()));
    this.file.addEventListener("change", () => void this.take(this.file.files?.[0]));
    this.watchDrops();
    this.formats.crontab.checked = true;
    this.drawOptions();
  }

  get empty(): boolean {
    return !this.text.value.trim();
  }

  get wanted(): Wanted {
    const format = this.formats.yaml.checked ? "yaml" : "crontab";
    return {
      format,
      text: this.text.value,
      system: format === "crontab" && this.system.checked,
      group: this.group.value.trim() || null,
      timezone: this.zone.value.trim() || null,
    };
  }

  focus(): void {
    this.text.focus();
  }

  private radio(format: Format): HTMLInputElement {
    return h("input.form-check-input", {
      type: "radio",
      name: "format",
      id: `import-${format}`,
      value: format,
    });
  }

  private drawOptions(): void {
    this.systemRow.hidden = !this.formats.crontab.checked;
  }

  private guess(fileName = ""): void {
    const format = guessFormat(this.text.value, fileName);
    this.formats[format].checked = true;
    this.system.checked = format === "crontab" && guessSystem(this.text.value);
    this.drawOptions();
  }

  private async take(file: File | undefined): Promise<void> {
    this.file.value = "";
    if (!file) return;
    if (file.size > MAX_BYTES) {
      const limit = formatBytes(MAX_BYTES, locale());
      setFieldError(this.element, "text", t("import:tooLarge", { name: file.name, limit }));
      return;
    }
    setFieldError(this.element, "text", null);
    this.text.value = await file.text();
    this.guess(file.name);
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private watchDrops(): void {
    this.text.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    this.text.addEventListener("drop", (event) => {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void this.take(file);
    });
  }
}
