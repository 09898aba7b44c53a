/** A second click right behind the first one is a slip, and orders nothing. */

const SLIP_MS = 700; // longer than the slowest double click of the usual systems, 500 ms

const held = new Set<string>();

/** What `act` gives; null, without doing it, while `key` is being done or was begun a moment ago. */
export async function once<T>(key: string, act: () => Promise<T>): Promise<T | null> {
  if (held.has(key)) return null;
  held.add(key);
  const slip = new Promise((resolve) => setTimeout(resolve, SLIP_MS));
  try {
    return await act();
  } finally {
    void slip.then(() => held.delete(key));
  }
}
