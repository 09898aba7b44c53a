/** What goes wrong when the API is asked: one kind of error, with the fields that were refused. */

export interface FieldProblem {
  field: string;
  message: string;
}

/** `status` 0: no answer at all (no network, a deadline passed, or the server is gone). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
    /** Seconds after which asking again may help, if the server has said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** Whether asking again may help: the server, or something behind it, is away for now. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  /** Somebody else has changed or removed the thing first. */
  get conflict(): boolean {
    return this.status === 409 || this.status === 412;
  }
}

/** The error that an answer of the API stands for; any body is survived. */
export function problemOf(status: number, body: unknown, retryAfter: string | null = null): ApiError {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const detail = typeof problem.detail === "string" ? problem.detail : "";
  const errors = Array.isArray(problem.errors) ? (problem.errors as unknown[]) : [];
  const fields = errors.filter(
    (e): e is FieldProblem => typeof e === "object" && e !== null && "field" in e && "message" in e,
  );
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
  return new ApiError(status, detail, fields, seconds);
}

/** Whether `error` only says that its page was left. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
