/** Small things about text. */

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** At most `max` characters as people count them; where some are cut, the last one is an ellipsis. */
export function ellipsis(text: string, max: number): string {
  if (text.length <= max) return text;
  let count = 0;
  let cut = 0;
  for (const { index } of graphemes.segment(text)) {
    if (count === max - 1) cut = index;
    if (count === max) return `${text.slice(0, cut).trimEnd()}…`;
    count += 1;
  }
  return text;
}

/** A hue (0 to 359) that is always the same for the same text, for the colour of a group. */
export function hashHue(text: string): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of similar texts are similar: mix the high ones in.
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) % 360;
}
