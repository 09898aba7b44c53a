/**
 * What happens in the cluster, as it happens: one stream of server-sent events for the whole console.
 *
 * It is open while somebody listens and the tab is visible. After a break, `reload` tells the listeners to fetch
 * what they show again, because nobody knows what they missed.
 */

import { connection } from "./connection";
import type { Schemas } from "./client";

export interface LiveEvents {
  /** Names of jobs that were changed, created or deleted. */
  jobs: { names: string[] };
  workers: { names: string[] };
  /** New or changed rows. */
  runs: { items: Schemas["RunView"][] };
  /** The set of runs in progress has changed; `jobs` has at most 100 names. */
  running: { count: number; jobs: string[] };
  /** Too much has happened, or the connection was away: fetch everything again. */
  reload: Record<string, never>;
}

export type EventName = keyof LiveEvents;

const NAMES: EventName[] = ["jobs", "workers", "runs", "running", "reload"];
const HIDDEN_MS = 20_000; // a tab hidden for so long gives its connection back
const PROBE_MS = 15_000; // a server that hangs breaks no connection: only a question finds it
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

type Handler = (data: never) => void;

class EventStream {
  private readonly handlers = new Map<EventName, Set<Handler>>();
  private source: EventSource | null = null;
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private prober: ReturnType<typeof setInterval> | undefined;
  private missed = false;
  private enabled = false;
  private ended: () => void = () => undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.timer);
      if (document.hidden) this.timer = setTimeout(() => this.close(), HIDDEN_MS);
      else this.open();
    });
  }

  /** To be called once signed in; `stop` when signed out. */
  start(): void {
    this.enabled = true;
    this.open();
    clearInterval(this.prober);
    this.prober = setInterval(() => {
      if (!document.hidden) this.probe();
    }, PROBE_MS);
  }

  stop(): void {
    this.enabled = false;
    clearTimeout(this.timer);
    clearInterval(this.prober);
    this.close();
    this.missed = false;
    connection.streams(null);
  }

  /** `act` is called when the stream has ended by itself: the server went away, or the reader's rights have changed. */
  onEnd(act: () => void): void {
    this.ended = act;
  }

  /** The result removes the handler. */
  on<K extends EventName>(name: K, handler: (data: LiveEvents[K]) => void): () => void {
    const handlers = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  private open(): void {
    if (this.source || !this.enabled || document.hidden) return;
    const source = new EventSource(new URL("api/v1/events", document.baseURI));
    this.source = source;
    source.addEventListener("ready", () => {
      connection.worked();
      connection.streams(true);
      this.retryMs = FIRST_RETRY_MS;
      if (this.missed) this.tell("reload", {});
      this.missed = false;
    });
    for (const name of NAMES)
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.tell(name, JSON.parse(event.data) as LiveEvents[EventName]);
      });
    source.onerror = () => {
      this.close();
      connection.streams(false);
      this.probe();
      this.ended();
      this.timer = setTimeout(() => this.open(), this.retryMs * (0.5 + Math.random() / 2));
      this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
    };
  }

  private close(): void {
    if (!this.source) return;
    this.source.close();
    this.source = null;
    this.missed = true;
  }

  /** An EventSource does not say why it failed, nor that it is silent: is the server there? */
  private probe(): void {
    fetch(new URL("healthz", document.baseURI), { signal: AbortSignal.timeout(5_000) }).then(
      (answer) => (answer.ok ? this.found() : connection.failed()),
      () => connection.failed(),
    );
  }

  private found(): void {
    const back = connection.state === "lost";
    connection.worked();
    if (!back) return;
    clearTimeout(this.timer);
    this.open();
  }

  private tell(name: EventName, data: LiveEvents[EventName]): void {
    for (const handler of this.handlers.get(name) ?? []) handler(data as never);
  }
}

export const events = new EventStream();
