export function translateProblem(message: string, _locale: string): string {
  return message;
}
