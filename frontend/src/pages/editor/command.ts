/**
 * The command in an editor with shell highlighting.
 *
 * It lives in a shadow root, so that its styles are adopted style sheets, which a strict Content-Security-Policy
 * allows; colours come in as CSS variables, so that it follows the theme. Tab leaves it, as any field.
 */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { locale, t } from "../../i18n";
import { formatBytes } from "../../lib/number";
import { h, replace } from "../../ui/dom";
import type { Control } from "./controls";

const MAX_BYTES = 262_144;
const SAID_FROM = MAX_BYTES / 16; // below that nobody has to think of the limit

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.keyword, color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.atom, tags.attributeName], color: "var(--code-number)" },
  { tag: [tags.definition(tags.variableName), tags.variableName], color: "var(--code-variable)" },
  { tag: [tags.standard(tags.variableName), tags.operator], color: "var(--code-builtin)" },
]);

const look = EditorView.theme({
  "&": { fontSize: "0.875rem", maxHeight: "60vh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { overflow: "auto", fontFamily: "var(--bs-font-monospace)", lineHeight: "1.5" },
  ".cm-content": { minHeight: "6.5em", padding: "0.5rem 0", caretColor: "var(--bs-body-color)" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: "var(--bs-secondary-color)",
    borderRight: "1px solid var(--bs-border-color)",
  },
  ".cm-placeholder": { color: "var(--bs-secondary-color)" },
  ".cm-panels": { backgroundColor: "var(--surface-sunken)", color: "var(--bs-body-color)" },
  ".cm-button, .cm-textfield": {
    backgroundImage: "none",
    backgroundColor: "var(--surface)",
    color: "var(--bs-body-color)",
    border: "1px solid var(--bs-border-color)",
    borderRadius: "0.25rem",
    fontSize: "0.8125rem",
  },
  ".cm-panel.cm-search": { padding: "0.375rem 0.5rem" },
  ".cm-panel.cm-search label": { fontSize: "0.8125rem" },
  ".cm-panel.cm-search [name=close]": { color: "inherit", cursor: "pointer" },
  ".cm-matchingBracket, .cm-selectionMatch": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent)",
  },
});

export interface CommandControl extends Control {
  focus(): void;
}

/** It ends with `signal`. */
export function commandControl(label: string, signal: AbortSignal): CommandControl {
  const size = h("div.form-text.command-size", { "aria-live": "polite" });
  const host = h("div.code-editor", { "data-input": true });
  const element = h("div", null, host, size);
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  // Other line ends than \n would be lost on the way through the editor: what nobody edits stays as it is.
  let stored = "";
  let edited = false;

  const changed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    edited = true;
    say();
    host.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const extensions = [
    lineNumbers(),
    highlightSpecialChars(),
    history(),
    bracketMatching(),
    search({ top: true }),
    highlightSelectionMatches(),
    StreamLanguage.define(shell),
    syntaxHighlighting(colours),
    look,
    EditorView.lineWrapping,
    EditorState.phrases.of(t("editor:find", { returnObjects: true })),
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
    placeholder("/usr/local/bin/backup --all"),
    keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
    changed,
  ];
  const view = new EditorView({ state: EditorState.create({ extensions }), parent: root, root });
  signal.addEventListener("abort", () => view.destroy(), { once: true });

  function text(): string {
    return edited ? view.state.doc.toString() : stored;
  }

  function say(): void {
    const bytes = new TextEncoder().encode(text()).length;
    size.classList.toggle("said-bad", bytes > MAX_BYTES);
    const limit = formatBytes(MAX_BYTES, locale());
    replace(size, bytes >= SAID_FROM && t("editor:size", { size: formatBytes(bytes, locale()), limit }));
  }

  return {
    element,
    focus: () => view.focus(),
    get: text,
    set(value) {
      stored = typeof value === "string" ? value : "";
      view.setState(EditorState.create({ doc: stored, extensions }));
      edited = false;
      say();
    },
  };
}
