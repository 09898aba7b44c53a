import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { PageContext } from "../../src/app/page";
import { readView } from "../../src/lib/query";
import { Filters } from "../../src/pages/jobs/filters";
import { SPEC, type JobsView } from "../../src/pages/jobs/view";

const leaving = new AbortController();
let view: JobsView;
let filters: Filters;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  view = readView(SPEC, new URLSearchParams());
  const context = { signal: leaving.signal, onLeave: () => undefined } as unknown as PageContext;
  filters = new Filters(context, (patch) => (view = { ...view, ...patch }));
  filters.show(view);
});

afterEach(() => {
  vi.useRealTimers();
});

function box(): HTMLInputElement {
  const found = filters.element.querySelector<HTMLInputElement>("[data-search]");
  if (!found) throw new Error("no search box");
  return found;
}

function type(text: string): void {
  box().value = text;
  box().dispatchEvent(new Event("input"));
}

it("leaves what is being typed while lists of before come in", () => {
  type("ba");
  filters.show(view);
  expect(box().value).toBe("ba");
  vi.advanceTimersByTime(1_000);
  expect(view.q).toBe("ba");
  type("bac ");
  filters.show(view);
  expect(box().value).toBe("bac ");
  vi.advanceTimersByTime(1_000);
  filters.show(view);
  expect([view.q, box().value]).toEqual(["bac", "bac "]);
});

it("shows a search that came from elsewhere", () => {
  type("ba");
  vi.advanceTimersByTime(1_000);
  view = { ...view, q: "" };
  filters.show(view);
  expect(box().value).toBe("");
});
