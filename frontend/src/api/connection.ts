/** Whether the server answers, as of the last call or event; the shell shows it and pages wait by it. */

export type ConnectionState = "unknown" | "ok" | "lost";

type Listener = (state: ConnectionState) => void;

class Connection {
  state: ConnectionState = "unknown";
  private readonly listeners = new Set<Listener>();

  worked(): void {
    this.become("ok");
  }

  failed(): void {
    this.become("lost");
  }

  /** `listener` hears of every change; the result removes it. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private become(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}

export const connection = new Connection();
