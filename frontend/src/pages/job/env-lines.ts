/** Variables as lines of `NAME=value`. Pure. */

/** The variables of `text`, or the number of the first line (from 1) that is none. Empty lines do not count. */
export function parseEnv(text: string): Record<string, string> | number {
  const found = new Map<string, string>();
  for (const [place, line] of text.split(/\r?\n/).entries()) {
    if (!line.trim()) continue;
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? [];
    if (name === undefined || value === undefined) return place + 1;
    found.set(name, value);
  }
  return Object.fromEntries(found);
}
