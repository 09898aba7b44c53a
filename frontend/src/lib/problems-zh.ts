/** The server's messages, which are English, in the reader's language. */

import { RULES } from "./problems-zh-table";

const MAX_LENGTH = 20_000; // characters; a longer one is no sentence of the server
const MOST_PARTS = 4; // of one message, split at "; "

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  n: String.raw`(-?\d+(?:\.\d+)?)`,
  q: String.raw`('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`,
  word: String.raw`([^\s;:]+)`,
  role: "([a-z]+)",
  list: "([^;:]+?)",
  tail: "([^;]*)",
  text: "(.*)",
  message: "(.+)",
  s: "(?:s)?",
};

const ROLES: Readonly<Record<string, string>> = {
  viewer: "只读用户",
  operator: "操作员",
  editor: "编辑者",
  admin: "管理员",
};

const CRON_FIELDS: Readonly<Record<string, string>> = {
  second: "秒",
  minute: "分",
  hour: "时",
  "day of month": "日",
  month: "月",
  "day of week": "周",
  year: "年",
};

interface Pattern {
  regex: RegExp;
  /** The placeholders of its groups. */
  kinds: readonly string[];
  chinese: string;
}

let compiled: readonly Pattern[] | null = null;

/**
 * A problem's detail, the message of a field, or several joined by "; ", in the language of `locale` (a BCP 47 tag).
 * What is not known stays as it is.
 */
export function translateProblem(message: string, locale: string): string {
  if (!locale.startsWith("zh") || message.length > MAX_LENGTH) return message;
  return translate(message) ?? message;
}

function translate(message: string): string | null {
  return one(message) ?? several(message);
}

function one(message: string): string | null {
  return byRule(message) ?? behindField(message);
}

function byRule(message: string): string | null {
  compiled ??= RULES.map(([english, chinese]) => compile(english, chinese));
  for (const { regex, kinds, chinese } of compiled) {
    const found = regex.exec(message);
    if (found) return chinese.replace(/\$(\d)/g, (_, place: string) => shown(kinds, found, Number(place)));
  }
  return null;
}

/** `cronExpr: minute: ...` */
function behindField(message: string): string | null {
  const [, field = "", rest = ""] = /^([^:;]{1,160}): (.+)$/s.exec(message) ?? [];
  const translated = rest && one(rest);
  return translated ? `${CRON_FIELDS[field] ?? field}：${translated}` : null;
}

/** Messages joined by "; ", which some of them contain too. */
function several(message: string): string | null {
  const parts = message.split("; ");
  const found: string[] = [];
  let known = false;
  for (let at = 0; at < parts.length;) {
    let count = Math.min(MOST_PARTS, parts.length - at);
    let translated = null;
    while (count > 0 && translated === null) translated = one(parts.slice(at, at + count--).join("; "));
    known ||= translated !== null;
    found.push(translated ?? parts[at] ?? "");
    at += count + 1;
  }
  return known ? found.join("；") : null;
}

function compile(english: string, chinese: string): Pattern {
  const kinds: string[] = [];
  const source = english.split(/\{(n|q|word|role|list|tail|text|message|s)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    if (part !== "s") kinds.push(part);
    return PLACEHOLDERS[part] ?? "";
  });
  // The first letter is small behind the name of a field.
  return { regex: new RegExp(`^${source.join("")}$`, "isu"), kinds, chinese };
}

function shown(kinds: readonly string[], found: RegExpExecArray, place: number): string {
  const text = found[place] ?? "";
  switch (kinds[place - 1]) {
    case "q":
      return `“${text.slice(1, -1).replace(/\\(['"\\])/g, "$1")}”`;
    case "role":
      return ROLES[text] ?? text;
    case "list":
      return text
        .replaceAll(" to ", " 至 ")
        .replaceAll(/, (?:or |and )?| and /g, "、")
        .replaceAll(" or ", " 或 ");
    case "message":
      return translate(text) ?? text;
    default:
      return text;
  }
}
