/** What goes wrong between the console and the control plane, as one kind of error. */

export interface Problem {
  status: number;
  title: string;
  detail: string;
  fix: string;
  requestId: string;
}

/** A problem answer, or no answer at all (`status` 0). */
export class ApiError extends Error implements Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
  readonly requestId: string;
  readonly method: string;
  readonly address: string;
  readonly at = new Date().toISOString();

  constructor(problem: Problem, request: { method: string; address: string }) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.fix = problem.fix;
    this.requestId = problem.requestId;
    this.method = request.method;
    this.address = request.address;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Reads a problem+json answer; a proxy's page or an empty body becomes a problem too. */
export function readProblem(status: number, body: unknown, requestId: string | null): Problem {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  return {
    status,
    title: text(fields.title) || `HTTP ${status}`,
    detail: text(fields.detail),
    fix: text(fields.fix),
    requestId: text(fields.request_id) || requestId || "",
  };
}

/** What "Copy error" puts on the clipboard. It holds no secret: addresses carry none. */
export function describeForReport(error: unknown): string {
  if (error instanceof ApiError) {
    return [
      error.title,
      error.detail,
      error.fix,
      `${error.method} ${error.address} → ${error.status || "no answer"}`,
      `at ${error.at}`,
      error.requestId && `request ${error.requestId}`,
    ]
      .filter(Boolean)
      .join("\n");
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

export function isNoConnection(error: unknown): boolean {
  return error instanceof ApiError && error.status === 0;
}

export function statusOf(error: unknown): number | null {
  return error instanceof ApiError ? error.status : null;
}
