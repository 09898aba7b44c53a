/** The place in a stored output where its middle was cut out (see `OutputBuffer` of the worker). Pure. */

const MARKER = /\n… ([\d,]+) bytes cut …\n/g;

export interface Halves {
  head: string;
  /** Bytes that the command printed between the two. */
  bytes: number;
  tail: string;
}

/**
 * `text` of a run whose output was truncated, as head and tail; null if there is no mark. A command may print the
 * same words: head and tail are of about the same size, so the mark is the one nearest to the middle.
 */
export function halvesOf(text: string): Halves | null {
  let best: { start: number; end: number; bytes: number } | null = null;
  const off = (start: number, end: number) => Math.abs((start + end) / 2 - text.length / 2);
  for (const found of text.matchAll(MARKER)) {
    const start = found.index;
    const end = start + found[0].length;
    if (!best || off(start, end) < off(best.start, best.end))
      best = { start, end, bytes: Number((found[1] ?? "").replaceAll(",", "")) };
  }
  return best && { head: text.slice(0, best.start), bytes: best.bytes, tail: text.slice(best.end) };
}
