/**
 * Output of any length on the page. All of it is kept as lines; elements are made of what is near the view, so that
 * neither 8 MB at once nor a stream without end holds up the browser.
 */

import { locale, t } from "../../../i18n";
import { formatNumber } from "../../../lib/number";
import { h, replace } from "../../../ui/dom";
import { cutView, label, TextChunkView, type ChunkView } from "./chunk-view";
import { clearHighlights, highlight } from "./highlights";
import { lineElement, rangeIn, SHOWN } from "./line";
import { OutputLines } from "./lines";
import { Search, type Match } from "./search";
import "./output.css";

const PUSHED = 8_192; // characters taken at once: even as lines of one character well within a frame
const FRAME_MS = 12; // spent on taking in, in a frame
const EAGER_LINES = 10_000; // drawn wherever they are, for the browser's own search and for selecting
const KEPT_LINES = 20_000; // drawn at most, what is in view apart
const NEAR = "1500px";
const AT_END = 16; // px
const HAND_MS = 700; // a scroll so soon after wheel, finger, key or mouse is the reader's

type Piece = string | { cut: number | null };

export class OutputViewer {
  readonly element: HTMLElement;
  /** Told when the number of lines, the search, or following have changed. */
  onChange: () => void = () => undefined;
  search = new Search("");
  /** Place of the chosen match. */
  chosen = -1;

  private readonly notice = h("div.out-cut", { hidden: true });
  private readonly body = h("div.out-body");
  private readonly open = h("div.out-chunk");
  private readonly views: ChunkView[] = [];
  private readonly near: IntersectionObserver;
  private readonly byElement = new Map<Element, TextChunkView>();
  private readonly inView = new Set<TextChunkView>();
  private readonly filled = new Set<TextChunkView>();
  private lines = new OutputLines();
  private drawnLines = 0;
  private drawnOpen: OutputLines["open"] | null = null;
  private pending: Piece[] = [];
  private ended = false;
  private frame = 0;
  private following = false;
  private handAt = -Infinity;

  constructor() {
    this.element = h(
      "div.out",
      { tabindex: "0", role: "region", "aria-label": t("run:output.title") },
      this.notice,
      this.body,
      this.open,
    );
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    for (const hand of ["wheel", "touchmove", "keydown", "pointerdown", "pointermove"])
      this.element.addEventListener(
        hand,
        (event) => {
          if (hand !== "pointermove" || (event as PointerEvent).buttons) this.handAt = performance.now();
        },
        { passive: true },
      );
    this.element.addEventListener("out:drawn", () => this.highlight());
    this.near = new IntersectionObserver((entries) => this.moved(entries), {
      root: this.element,
      rootMargin: `${NEAR} 0px`,
    });
  }

  get lineCount(): number {
    return this.lines.total;
  }

  get follows(): boolean {
    return this.following;
  }

  /** More of the output, soon to be seen. */
  append(text: string): void {
    for (let at = 0; at < text.length; at += PUSHED) this.pending.push(text.slice(at, at + PUSHED));
    this.schedule();
  }

  /** Something is missing here. */
  cut(bytes: number | null): void {
    this.pending.push({ cut: bytes });
    this.schedule();
  }

  /** Nothing follows. */
  end(): void {
    this.ended = true;
    this.schedule();
  }

  /** As new. What was found and whether the end is followed stays. */
  clear(): void {
    this.pending = [];
    this.ended = false;
    this.lines = new OutputLines();
    this.near.disconnect();
    this.views.length = 0;
    this.byElement.clear();
    this.inView.clear();
    this.filled.clear();
    this.drawnLines = 0;
    replace(this.body);
    this.search = new Search(this.search.query);
    this.chosen = -1;
    this.schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.near.disconnect();
    clearHighlights();
  }

  follow(on: boolean): void {
    this.following = on;
    if (on) this.toEnd();
    this.onChange();
  }

  wrap(on: boolean): void {
    this.element.classList.toggle("is-wrapped", on);
    for (const view of this.views) if (view instanceof TextChunkView) view.resize({ anew: true });
    if (this.following) this.toEnd();
  }

  /** The whole text as it is shown, without colours. */
  text(): string {
    const parts = this.views.flatMap(({ element, chunk }) =>
      chunk.kind === "text"
        ? chunk.lines.map((line) => line.map(({ text }) => text).join(""))
        : [element.textContent.trim()],
    );
    const { line } = this.lines.open;
    if (line.length) parts.push(line.map(({ text }) => text).join(""));
    return parts.length ? `${parts.join("\n")}\n` : "";
  }

  /** Look for `query`, and go to the first place from what is in view on. */
  find(query: string): void {
    this.search = new Search(query);
    this.search.extend(this.lines.chunks);
    this.chosen = -1;
    if (this.search.matches.length) {
      const { scrollTop } = this.element;
      const places = new Map(this.views.map((view, place) => [view.chunk, place]));
      const from = this.views.findIndex(
        ({ element }) => element.offsetTop + element.offsetHeight > scrollTop,
      );
      const first = this.search.matches.findIndex(({ chunk }) => (places.get(chunk) ?? -1) >= from);
      this.choose(Math.max(first, 0));
    } else this.highlight();
    this.onChange();
  }

  /** To the next match (`step` 1) or the one before (-1), around the end. */
  step(step: 1 | -1): void {
    const count = this.search.matches.length;
    if (count) this.choose((this.chosen + step + count) % count);
    this.onChange();
  }

  private choose(place: number): void {
    this.chosen = place;
    const match = this.search.matches[place];
    const line = match && this.viewOf(match)?.reveal(match.line, match.end);
    if (!line) return;
    this.following = false;
    const show = () => {
      const range = rangeIn(line.firstElementChild ?? line, match.start, match.end);
      const [at, view] = [(range ?? line).getBoundingClientRect(), this.element.getBoundingClientRect()];
      if (at.top < view.top || at.bottom > view.bottom)
        this.element.scrollTop += at.top - view.top - view.height / 3;
      if (at.left < view.left + 64 || at.right > view.right - 16)
        this.element.scrollLeft += at.left - view.left - view.width / 3;
    };
    show();
    // Boxes above may have had another height than was thought.
    requestAnimationFrame(() => {
      show();
      this.highlight();
    });
  }

  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.takeIn();
      if (this.pending.length || this.fillSome()) this.schedule();
    });
  }

  private takeIn(): void {
    const until = performance.now() + FRAME_MS;
    let taken = 0;
    for (; taken < this.pending.length && performance.now() < until; taken += 1) {
      const piece = this.pending[taken];
      if (typeof piece === "string") this.lines.push(piece);
      else if (piece) this.lines.cut(piece.cut);
    }
    this.pending.splice(0, taken);
    if (this.ended && !this.pending.length) this.lines.end();
    this.draw();
    this.lookFurther();
    if (this.goesToEnd) this.toEnd();
    this.onChange();
  }

  /** Look for more in what has come; the chosen match stays chosen, while it is there. */
  private lookFurther(): void {
    if (!this.search.query) return;
    const { matches } = this.search;
    const chosen = matches[this.chosen];
    this.search.extend(this.lines.chunks);
    if (chosen && matches[this.chosen] !== chosen) this.chosen = matches.indexOf(chosen);
    this.highlight();
  }

  private draw(): void {
    const { chunks, dropped, open } = this.lines;
    while (this.views[0] && this.views[0].chunk !== chunks[0]) this.remove(this.views.shift());
    const last = this.views.at(-1);
    if (last instanceof TextChunkView) this.grow(last);
    for (const chunk of chunks.slice(this.views.length)) {
      const view = chunk.kind === "text" ? new TextChunkView(chunk) : cutView(chunk);
      this.views.push(view);
      this.body.append(view.element);
      if (view instanceof TextChunkView) {
        this.byElement.set(view.element, view);
        this.near.observe(view.element);
      }
    }
    this.notice.hidden = dropped === 0;
    if (dropped)
      replace(
        this.notice,
        t("run:output.dropped", { count: dropped, number: formatNumber(dropped, locale()) }),
      );
    if (open !== this.drawnOpen)
      replace(
        this.open,
        open.line.length > 0 && lineElement(open.line, label(open.number, open.afterCut), SHOWN),
      );
    this.drawnOpen = open;
    const digits = String(this.lineCount).length + (open.afterCut ? 1 : 0);
    this.element.style.setProperty("--digits", String(Math.max(3, digits)));
    if (this.goesToEnd) for (const view of this.views.slice(-2)) this.fill(view);
  }

  /** Lines have come to a chunk that is on the page. */
  private grow(view: TextChunkView): void {
    if (view.drawn) this.drawnLines += view.fill();
    else view.resize();
  }

  private fill(view: ChunkView): void {
    if (!(view instanceof TextChunkView)) return;
    this.filled.add(view);
    this.drawnLines += view.fill();
  }

  private remove(view: ChunkView | undefined): void {
    if (!view) return;
    view.element.remove();
    if (!(view instanceof TextChunkView)) return;
    this.near.unobserve(view.element);
    this.byElement.delete(view.element);
    this.inView.delete(view);
    this.filled.delete(view);
    this.drawnLines -= view.drawn;
  }

  /** Draw a chunk ahead of need. Whether there may be more to do. */
  private fillSome(): boolean {
    if (this.drawnLines >= EAGER_LINES) return false;
    const view = this.views.find((each) => each instanceof TextChunkView && !each.drawn);
    if (!view) return false;
    this.fill(view);
    return true;
  }

  private moved(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const view = this.byElement.get(target);
      if (!view) continue;
      if (isIntersecting) {
        this.inView.add(view);
        this.fill(view);
      } else this.inView.delete(view);
    }
    for (const view of this.filled) {
      if (this.drawnLines <= KEPT_LINES) break;
      if (this.inView.has(view) || view === this.views.at(-1)) continue;
      this.drawnLines -= view.empty();
      this.filled.delete(view);
    }
    this.highlight();
  }

  private viewOf({ chunk }: Match): TextChunkView | null {
    const view = this.views.find((each) => each.chunk === chunk);
    if (!(view instanceof TextChunkView)) return null;
    this.fill(view);
    return view;
  }

  private highlight(): void {
    highlight(this.search, this.search.matches[this.chosen], this.inView);
  }

  /** Only the reader stops following; boxes that find their height do not. */
  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const atEnd = scrollTop + clientHeight >= scrollHeight - AT_END;
    if (atEnd === this.following) return;
    if (performance.now() - this.handAt < HAND_MS) {
      this.following = atEnd;
      this.onChange();
    } else if (this.goesToEnd) this.toEnd();
  }

  /** Whether to go to the end now: not while more is waiting than one frame takes in, for each step is a layout. */
  private get goesToEnd(): boolean {
    return this.following && !this.pending.length;
  }

  private toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
  }
}
