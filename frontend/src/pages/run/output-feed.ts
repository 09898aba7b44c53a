/** From a run to its output panel: live while it runs, then what was stored. */

import type { Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { formatBytes } from "../../lib/number";
import { halvesOf } from "./output/cut";
import { OutputPanel } from "./output/panel";
import { follow } from "./output/stream";

type RunDetail = Schemas["RunDetail"];

const SPLIT = 4; // bytes: a character that came in two pieces makes no gap

export class OutputFeed {
  readonly panel: OutputPanel;
  private readonly address: string;
  private streaming = false;
  /** The outcome whose output is shown; a lost run may still turn out otherwise. */
  private final: RunDetail["status"] | null = null;
  /** Bytes and characters received live, and whether all of them were. */
  private bytes = 0;
  private characters = 0;
  private whole = true;

  /** `ended` is called when the stream says that the run has. */
  constructor(
    id: string,
    private readonly signal: AbortSignal,
    private readonly ended: () => void,
  ) {
    this.address = `api/v1/runs/${encodeURIComponent(id)}`;
    this.panel = new OutputPanel(`${this.address}/output`);
    signal.addEventListener("abort", () => this.panel.viewer.destroy(), { once: true });
  }

  show(run: RunDetail): void {
    const live = run.status === "running" || run.status === "queued";
    if (live && !this.streaming) this.stream();
    if (!live && this.final !== run.status) this.store(run);
    this.panel.show({ live, about: about(run), nothing: nothing(run) });
  }

  private stream(): void {
    this.streaming = true;
    const { viewer } = this.panel;
    viewer.follow(true);
    follow(new URL(`${this.address}/stream`, document.baseURI), this.signal, {
      output: (offset, text) => {
        if (this.final) return;
        if (offset > this.bytes + SPLIT) {
          viewer.cut(offset - this.bytes);
          this.whole = false;
        }
        this.bytes = offset + new TextEncoder().encode(text).length;
        this.characters += text.length;
        viewer.append(text);
      },
      restart: () => {
        viewer.clear();
        this.bytes = this.characters = 0;
        this.whole = true;
      },
      end: this.ended,
    });
  }

  /** The row has the last word; what was seen live stays where it is the same. */
  private store(run: RunDetail): void {
    this.final = run.status;
    const { viewer } = this.panel;
    const same = this.streaming && this.whole && !run.truncated && this.characters === run.output.length;
    if (!same) {
      viewer.clear();
      const halves = run.truncated ? halvesOf(run.output) : null;
      if (halves) {
        viewer.append(halves.head);
        viewer.cut(halves.bytes);
        viewer.append(halves.tail);
      } else viewer.append(run.output);
    }
    viewer.end();
  }
}

function about(run: RunDetail): string {
  if (run.status === "running") return t("run:output.live");
  if (!run.outputBytes) return "";
  const size = formatBytes(run.outputBytes, locale());
  return t(run.truncated ? "run:output.printedCut" : "run:output.printed", { size });
}

function nothing(run: RunDetail): string {
  if (run.status === "queued") return t("run:output.waits");
  if (run.status === "running") return t("run:output.noneYet");
  if (run.status === "lost") return t("run:output.unknown");
  return t(run.startTime ? "run:output.none" : "run:output.notRun");
}
