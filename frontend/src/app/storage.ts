/** Small choices kept in this browser. Where storage is forbidden they last until the page is left. */

export interface Stored<T> {
  get(): T | null;
  set(value: T | null): void;
}

/** `read` checks what was found; anything may stand there. */
export function stored<T extends string>(key: string, read: (value: string) => T | null): Stored<T> {
  let kept: T | null = null;
  return {
    get() {
      try {
        const value = localStorage.getItem(key);
        return value === null ? kept : read(value);
      } catch {
        return kept;
      }
    },
    set(value) {
      kept = value;
      try {
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, value);
      } catch {
        // The choice stays in memory.
      }
    },
  };
}
