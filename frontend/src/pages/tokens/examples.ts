/** Commands that use a token, at this server. */

import { h } from "../../ui/dom";
import { copyButton } from "../../ui/clipboard";

/** The address of `path` at this server, behind a proxy with a path of its own too. */
function address(path: string): string {
  return new URL(path, document.baseURI.replace(/[?#].*/s, "")).href;
}

/** `token` may be a variable of the shell. */
export function curlExample(token: string): string {
  return `curl -H "Authorization: Bearer ${token}" "${address("api/v1/jobs?limit=5")}"`;
}

export function cliExample(): string {
  return `YUANYA_URL=${address("").replace(/\/$/, "")} YUANYA_TOKEN=$TOKEN yuanya job list`;
}

/** A command with a button that copies it; `label` says so. */
export function commandBox(label: string, command: string): HTMLElement {
  return h(
    "div.command-box",
    null,
    h("code", { tabindex: "0" }, command),
    copyButton(label, () => command),
  );
}
