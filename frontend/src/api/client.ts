/** The one way to the control plane: typed by its OpenAPI document, cookies and CSRF included. */
import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, readProblem } from "./errors";
import type { paths } from "./generated/schema";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export function csrfToken(): string {
  const match = /(?:^|;\s*)hearth_csrf=([^;]+)/.exec(document.cookie);
  return match?.[1] ? decodeURIComponent(match[1]) : "";
}

const carryCsrfToken: Middleware = {
  onRequest({ request }) {
    if (!SAFE_METHODS.has(request.method)) request.headers.set("X-CSRFToken", csrfToken());
    return request;
  },
};

const throwProblems: Middleware = {
  async onResponse({ request, response }) {
    if (response.ok) return;
    throw await toApiError(request, response);
  },
  onError({ request }) {
    return new ApiError(
      { status: 0, title: "", detail: "", fix: "", requestId: "" },
      { method: request.method, address: request.url },
    );
  },
};

async function toApiError(request: Request, response: Response): Promise<ApiError> {
  let body: unknown = null;
  try {
    body = await response.clone().json();
  } catch {
    // Not JSON: a proxy answered. The status alone has to speak.
  }
  return new ApiError(readProblem(response.status, body, response.headers.get("x-request-id")), {
    method: request.method,
    address: request.url,
  });
}

export const api = createClient<paths>({
  baseUrl: typeof window === "undefined" ? "" : window.location.origin,
  credentials: "same-origin",
  fetch: (request) => globalThis.fetch(request),
});
api.use(carryCsrfToken, throwProblems);

/** The data of an answer. Problems have been thrown already as `ApiError`. */
export async function unwrap<Data>(answer: Promise<{ data?: Data }>): Promise<Data> {
  const { data } = await answer;
  return data as Data;
}
