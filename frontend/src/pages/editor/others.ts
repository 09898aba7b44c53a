/** Whether somebody else changes the job while it is edited here, and what can be done then. */

import { ApiError } from "../../api/problem";
import type { PageContext } from "../../app/page";
import { t } from "../../i18n";
import { h, replace } from "../../ui/dom";
import { gather } from "../shared/gather";
import { lastAuthor, readJob } from "./saving";

const LOOK_MS = 1_000;

export interface Watched {
  name: () => string;
  /** ETag of the version that the work began from. */
  etag: () => string | null;
  /** Whether a change that is heard of now is likely the one made here. */
  mine: () => boolean;
  /** Bring theirs and what is here together. */
  merge: () => void;
}

/** Looks for others from `watch` on; hidden while there is nothing to say. */
export class OthersNotice {
  readonly element = h("div.alert.alert-warning.editor-notice", { role: "status", hidden: true });

  constructor(
    private readonly context: PageContext,
    private readonly watched: Watched,
  ) {}

  watch(): void {
    const look = gather(this.context, LOOK_MS, () => this.look());
    this.context.on("jobs", ({ names }) => {
      if (names.includes(this.watched.name())) look();
    });
    this.context.on("reload", () => look());
  }

  hide(): void {
    this.element.hidden = true;
  }

  private async look(): Promise<void> {
    const { name, etag, mine } = this.watched;
    const { signal } = this.context;
    if (mine()) return;
    try {
      const stored = await readJob(name(), signal);
      if (stored.etag === etag() || mine()) return;
      const author = await lastAuthor(name(), signal);
      this.say(author ? t("editor:othersSaved", { who: author.actor }) : t("editor:somebodySaved"));
    } catch (error) {
      // What cannot be looked at now is found out when the job is saved.
      if (error instanceof ApiError && error.notFound) this.say(t("editor:othersDeleted"));
    }
  }

  private say(text: string): void {
    replace(
      this.element,
      h("span", null, text),
      h(
        "button.btn.btn-sm.btn-outline-secondary",
        { type: "button", on: { click: this.watched.merge } },
        t("editor:bringTogether"),
      ),
    );
    this.element.hidden = false;
  }
}
