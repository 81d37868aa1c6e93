/** The models' own endpoint, as the console uses it: with a short ticket instead of a key. */
import { createSseParser } from "@/lib/sse";
import { api, unwrap } from "./client";

const RENEW_BEFORE_MS = 30_000;

let ticket: { value: string; expiresAt: number } | null = null;

async function bearer(): Promise<string> {
  if (!ticket || ticket.expiresAt - Date.now() < RENEW_BEFORE_MS) {
    const issued = await unwrap(api.POST("/api/chat-ticket"));
    ticket = { value: issued.ticket, expiresAt: new Date(issued.expires_at).getTime() };
  }
  return `Bearer ${ticket.value}`;
}

/** A refusal in OpenAI's shape. */
export class TrafficError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.name = "TrafficError";
    this.code = code;
    this.status = status;
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`/v1${path}`, {
    ...init,
    headers: { "content-type": "application/json", authorization: await bearer() },
  });
  if (response.ok) return response;
  if (response.status === 401) ticket = null;
  throw await refusal(response);
}

async function refusal(response: Response): Promise<TrafficError> {
  let message = `HTTP ${response.status}`;
  let code = String(response.status);
  try {
    const body = (await response.json()) as { error?: { message?: string; code?: string } };
    message = body.error?.message ?? message;
    code = body.error?.code ?? code;
  } catch {
    // Not JSON: something in front of the gateway answered. The status has to speak.
  }
  return new TrafficError(message, code, response.status);
}

/** How one request went, with what the gateway decided on its way. */
export interface Traced {
  /** As HTTP says it; a refusal is an answer too. */
  status: number;
  /** What was said, or why nothing was. */
  text: string;
  requestId: string;
  servedBy: string;
  fallbackReason: string;
  milliseconds: number;
  decisions: { at_ms?: number; step: string; target?: string; outcome?: string; reason?: string }[];
}

const TINY = 16;

/** One tiny request, as any client would send it, that asks to be told its way. */
export async function askTraced(model: string, words: string): Promise<Traced> {
  const begun = performance.now();
  const messages = [{ role: "user", content: words }];
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: await bearer(),
      "x-hearth-trace": "1",
    },
    body: JSON.stringify({ model, messages, max_tokens: TINY }),
  });
  const header = (name: string) => response.headers.get(name) ?? "";
  return {
    status: response.status,
    text: response.ok ? await saidIn(response) : (await refusal(response)).message,
    requestId: header("x-request-id"),
    servedBy: header("x-served-by"),
    fallbackReason: header("x-fallback-reason"),
    milliseconds: performance.now() - begun,
    decisions: readTrace(header("x-hearth-trace")),
  };
}

async function saidIn(response: Response): Promise<string> {
  const body = (await response.json()) as { choices?: { message?: { content?: string | null } }[] };
  return body.choices?.[0]?.message?.content ?? "";
}

/** Headers are ASCII: what is not comes escaped, and not always as JSON does it. */
export function readTrace(text: string): Traced["decisions"] {
  if (!text) return [];
  const asJson = text
    .replace(/\\x([0-9a-f]{2})/g, "\\u00$1")
    .replace(/\\U([0-9a-f]{8})/g, (_, code: string) =>
      String.fromCodePoint(Number.parseInt(code, 16)),
    );
  try {
    return JSON.parse(asJson) as Traced["decisions"];
  } catch {
    // A proxy has cut it: the answer is worth showing without.
    return [];
  }
}

/** The names a client may ask for, in order. */
export async function fetchModelNames(signal?: AbortSignal): Promise<string[]> {
  const response = await send("/models", signal ? { signal } : {});
  const body = (await response.json()) as { data: { id: string }[] };
  return body.data.map((model) => model.id).sort();
}

export interface Piece {
  text: string;
  thinking: string;
  finish: string | null;
  usage: { prompt_tokens: number; completion_tokens: number } | null;
  /** Measured by the engine itself, where it says so. */
  tokensPerSecond: number | null;
}

interface Chunk {
  error?: { message?: string; code?: string };
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    finish_reason?: string | null;
  }[];
  usage?: Piece["usage"];
  timings?: { predicted_per_second?: number };
}

/** Streams one answer, piece by piece. Aborting the signal stops the model too. */
export async function* streamChat(
  body: Record<string, unknown>,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const response = await send("/chat/completions", {
    method: "POST",
    signal,
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  });
  if (!response.body) return;
  const parse = createSseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const data of parse(value)) {
      if (data === "[DONE]") return;
      yield toPiece(JSON.parse(data) as Chunk);
    }
  }
}

function toPiece(chunk: Chunk): Piece {
  if (chunk.error) {
    throw new TrafficError(chunk.error.message ?? "", chunk.error.code ?? "", 200);
  }
  const choice = chunk.choices?.[0];
  return {
    text: choice?.delta?.content ?? "",
    thinking: choice?.delta?.reasoning_content ?? "",
    finish: choice?.finish_reason ?? null,
    usage: chunk.usage ?? null,
    tokensPerSecond: chunk.timings?.predicted_per_second ?? null,
  };
}
