/** Addresses of the console: `#/jobs/nightly%20backup?tab=runs`. Pure. */

export interface Address {
  path: string;
  query: URLSearchParams;
}

/** What stands behind `#`; anything odd is the first page. */
export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#/, "");
  const [path = "", search = ""] = text.split(/\?(.*)/s);
  return { path: path.startsWith("/") ? path : "/", query: new URLSearchParams(search) };
}

/** `href("/jobs/:name", { name: "a b" }, { tab: "runs" })` is `#/jobs/a%20b?tab=runs`. */
export function href(
  pattern: string,
  params: Record<string, string> = {},
  query: Record<string, string | string[] | null | undefined> | URLSearchParams = {},
): string {
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = query instanceof URLSearchParams ? query.toString() : toSearch(query).toString();
  return `#${path}${search ? `?${search}` : ""}`;
}

/** The parameters if `path` is one of `pattern`, else null. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [place, part] of wanted.entries()) {
    const text = given[place] ?? "";
    if (part.startsWith(":")) {
      try {
        params[part.slice(1)] = decodeURIComponent(text);
      } catch {
        return null;
      }
    } else if (part !== text) return null;
  }
  return params;
}

/**
 * The address of `path`, a path of the server that `here` is of; null for anything that leads elsewhere, however
 * it is written, and for a path of the console itself.
 */
export function ownPath(path: string, here: string): string | null {
  const from = new URL(here);
  if (!path.startsWith("/") || !URL.canParse(path, from)) return null;
  const to = new URL(path, from);
  return to.origin === from.origin && to.pathname !== from.pathname ? to.href : null;
}

function toSearch(query: Record<string, string | string[] | null | undefined>): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== null && each !== undefined && each !== "") search.append(name, each);
  return search;
}
