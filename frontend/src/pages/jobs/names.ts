/** Names in a line of text, between commas of any script, each once. Pure. */
export function namesOf(text: string): string[] {
  const names = text
    .split(/[,，、;；\n]/)
    .map((name) => name.trim().normalize("NFC"))
    .filter(Boolean);
  return [...new Set(names)];
}
