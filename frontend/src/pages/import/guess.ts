/** What kind of text was pasted or chosen. Pure. */

export type Format = "crontab" | "yaml";

/** By the name of its file, else by how it begins. */
export function guessFormat(text: string, fileName = ""): Format {
  if (/\.(ya?ml|json)$/i.test(fileName)) return "yaml";
  if (/(^|[./])cron(tab|\.d)?\b/i.test(fileName)) return "crontab";
  const first = text.split("\n").find((line) => line.trim() && !line.trimStart().startsWith("#")) ?? "";
  // `PATH=/bin` belongs to a crontab, `name: x` to YAML; `* * * * * date` would be an alias there.
  return /^\s*(---|[[{]|- |-$|[A-Za-z]\w*:(\s|$))/.test(first) ? "yaml" : "crontab";
}

/** Whether the lines of a crontab seem to name a user behind the schedule, as those of /etc/crontab do. */
export function guessSystem(text: string): boolean {
  const jobs = text.split("\n").filter((line) => /^\s*([\d*]|@\w)/.test(line));
  const named = jobs.filter((line) =>
    /^\s*(@\w+|(\S+\s+){4}\S+)\s+(root|daemon|www-data|nobody|\w+d)\s+\S/.test(line),
  );
  return jobs.length > 0 && named.length * 2 > jobs.length;
}
