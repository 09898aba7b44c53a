/** Whether the server answers and tells its events; the shell shows it and pages wait by it. */

/** `silent`: it answers, but its events do not come. */
export type ConnectionState = "unknown" | "ok" | "silent" | "lost";

type Listener = (state: ConnectionState) => void;

class Connection {
  state: ConnectionState = "unknown";
  private answers = true;
  private streaming: boolean | null = null;
  private readonly listeners = new Set<Listener>();

  worked(): void {
    this.answers = true;
    this.tell();
  }

  failed(): void {
    this.answers = false;
    this.tell();
  }

  /** Whether the stream of events is open; null while nobody knows. */
  streams(open: boolean | null): void {
    this.streaming = open;
    this.tell();
  }

  /** `listener` hears of every change; the result removes it. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private tell(): void {
    const state = !this.answers
      ? "lost"
      : this.streaming === null
        ? "unknown"
        : this.streaming
          ? "ok"
          : "silent";
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}

export const connection = new Connection();
