import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connection } from "../../src/api/connection";
import { events } from "../../src/api/events";

/** jsdom has none. */
class Source extends EventTarget {
  static last: Source;
  onerror: () => void = () => undefined;
  readonly close = vi.fn();

  constructor() {
    super();
    Source.last = this;
  }
}

const reload = vi.fn();
let remove: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("ok")));
  remove = events.on("reload", reload);
  events.start();
  Source.last.dispatchEvent(new Event("ready"));
});

afterEach(() => {
  remove();
  events.stop();
  reload.mockClear();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("asks for a reload after a break, though its user had to sign in again meanwhile", () => {
  Source.last.onerror();
  expect(connection.state).toBe("silent");
  events.start();
  Source.last.dispatchEvent(new Event("ready"));
  expect(connection.state).toBe("ok");
  expect(reload).toHaveBeenCalledOnce();
});

it("asks nothing of whoever signs in next", () => {
  events.stop();
  events.start();
  Source.last.dispatchEvent(new Event("ready"));
  expect(reload).not.toHaveBeenCalled();
});
