/** The looks that a terminal's SGR sequences ("Select Graphic Rendition", ECMA-48 8.3.117) give to text. */

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

export type PaletteColor = (typeof NAMES)[number] | `bright-${(typeof NAMES)[number]}`;

/** One of the 16 colours that the theme defines, or `#rrggbb`. */
export type Color = PaletteColor | `#${string}`;

export interface Style {
  readonly fg: Color | null;
  readonly bg: Color | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

export const PLAIN: Style = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

const PALETTE: readonly PaletteColor[] = [...NAMES, ...NAMES.map((name) => `bright-${name}` as const)];
const CUBE = [0, 95, 135, 175, 215, 255]; // xterm's levels of each colour in 16 to 231

const CODES: Readonly<Record<number, Partial<Style>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { fg: null },
  49: { bg: null },
};

const KEPT = 256; // styles, and sequences after each

/** `restyle` with a memory: programs use few sequences, and each of them a great many times. */
export class Styles {
  private readonly known = new Map<string, Style>();
  private readonly after = new Map<Style, Map<string, Style>>();

  /** As `restyle`; equal styles are mostly one object. */
  restyle(style: Style, parameters: string): Style {
    let sequences = this.after.get(style);
    if (!sequences) {
      if (this.after.size >= KEPT) this.after.clear();
      this.after.set(style, (sequences = new Map<string, Style>()));
    }
    let next = sequences.get(parameters);
    if (!next) {
      if (sequences.size >= KEPT) sequences.clear();
      sequences.set(parameters, (next = this.one(restyle(style, parameters))));
    }
    return next;
  }

  private one(style: Style): Style {
    const key = Object.values(style).join();
    const found = this.known.get(key);
    if (found) return found;
    if (this.known.size >= KEPT) this.known.clear();
    this.known.set(key, style);
    return style;
  }
}

/** The style after a sequence with these parameters (`1;31`, `38;5;208`, `38:2::255:0:0`). Others change nothing. */
export function restyle(style: Style, parameters: string): Style {
  const codes = parameters.split(";");
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const [code = 0, ...inner] = (codes[index] ?? "").split(":").map(Number);
    if (code === 38 || code === 48) {
      // After colons the parts are of this parameter; a colour space may come before the three.
      const found = inner.length
        ? color(inner[0], inner[0] === 2 ? inner.slice(-3) : inner.slice(1))
        : color(Number(codes[index + 1]), codes.slice(index + 2, index + 5).map(Number));
      if (!inner.length) index += Number(codes[index + 1]) === 2 ? 4 : 2;
      if (found) next = { ...next, [code === 38 ? "fg" : "bg"]: found };
    } else if (code === 4 && inner.length) {
      next = { ...next, underline: inner[0] !== 0 };
    } else {
      next = { ...next, ...(CODES[code] ?? basic(code)) };
    }
  }
  return sameStyle(next, PLAIN) ? PLAIN : next;
}

/** How to show a style: classes, and the colours that are not of the palette (`#rrggbb`). */
export interface Look {
  /** `ansi-bold`, `ansi-fg-red`, `ansi-bg-bright-blue`; `ansi-fg-default` is the page's background as text colour. */
  classes: string[];
  color: string | null;
  background: string | null;
}

export function lookOf(style: Style): Look {
  const classes = (["bold", "dim", "italic", "underline"] as const)
    .filter((name) => style[name])
    .map((name) => `ansi-${name}`);
  const [fg, bg] = style.inverse ? [style.bg ?? "default", style.fg ?? "default"] : [style.fg, style.bg];
  const own = (color: string | null) => (color?.startsWith("#") ? color : null);
  if (fg && !own(fg)) classes.push(`ansi-fg-${fg}`);
  if (bg && !own(bg)) classes.push(`ansi-bg-${bg}`);
  return { classes, color: own(fg), background: own(bg) };
}

export function sameStyle(one: Style, other: Style): boolean {
  return (
    one === other ||
    (one.fg === other.fg &&
      one.bg === other.bg &&
      one.bold === other.bold &&
      one.dim === other.dim &&
      one.italic === other.italic &&
      one.underline === other.underline &&
      one.inverse === other.inverse)
  );
}

function basic(code: number): Partial<Style> {
  const within = (first: number, offset: number) =>
    code >= first && code < first + 8 ? PALETTE[code - first + offset] : undefined;
  const fg = within(30, 0) ?? within(90, 8);
  const bg = within(40, 0) ?? within(100, 8);
  return { ...(fg && { fg }), ...(bg && { bg }) };
}

/** Kind 5: an index of 256. Kind 2: red, green, blue. */
function color(kind: number | undefined, parts: readonly number[]): Color | null {
  if (parts.some((part) => !(part >= 0 && part <= 255))) return null;
  const [first, second, third] = parts;
  if (kind === 2)
    return first === undefined || second === undefined || third === undefined
      ? null
      : hex(first, second, third);
  if (kind !== 5 || first === undefined) return null;
  if (first >= 232) return hex(8 + 10 * (first - 232), 8 + 10 * (first - 232), 8 + 10 * (first - 232));
  const level = (base: number) => CUBE[Math.floor((first - 16) / base) % 6] ?? 0;
  return PALETTE[first] ?? hex(level(36), level(6), level(1));
}

function hex(...parts: number[]): Color {
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
