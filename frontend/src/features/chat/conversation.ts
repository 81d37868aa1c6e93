/** What a conversation is made of, and what is sent of it. Pure. */

export interface Answered {
  /** Milliseconds from sending to the first token; null while waiting. */
  firstTokenMs: number | null;
  totalMs: number | null;
  tokens: number | null;
  promptTokens: number | null;
  finish: string | null;
  /** Measured by the engine; null when it does not say. */
  engineSpeed: number | null;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  text: string;
  /** What a reasoning model thought before it answered. */
  thinking?: string;
  model?: string;
  answered?: Answered;
  problem?: { message: string; code: string } | null;
  isStopped?: boolean;
}

export interface Parameters {
  system: string;
  temperature: number | null;
  top_p: number | null;
  max_tokens: number | null;
  seed: number | null;
  stop: string;
}

export const NO_PARAMETERS: Parameters = {
  system: "",
  temperature: null,
  top_p: null,
  max_tokens: null,
  seed: null,
  stop: "",
};

interface Body {
  model: string;
  messages: { role: string; content: string }[];
  [parameter: string]: unknown;
}

/** The request an OpenAI client would send. Parameters that are not set are left to the model. */
export function requestBody(
  model: string,
  messages: readonly Message[],
  parameters: Parameters,
): Body {
  const said = messages
    .filter((message) => message.text !== "" && !message.problem)
    .map((message) => ({ role: message.role, content: message.text }));
  const { system, stop, ...numbers } = parameters;
  const set = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== null));
  return {
    model,
    messages: system.trim() ? [{ role: "system", content: system }, ...said] : said,
    ...set,
    ...(stop.trim() ? { stop: stop.split("\n").filter(Boolean) } : {}),
  };
}

const LEAST_SECONDS = 0.05;

/**
 * Tokens per second: what the engine measured, else from the first token on as seen here. Null when
 * it cannot be told, as when everything came in one piece.
 */
export function speedOf(answered: Answered): number | null {
  const { firstTokenMs, totalMs, tokens, engineSpeed } = answered;
  if (engineSpeed !== null) return engineSpeed;
  if (firstTokenMs === null || totalMs === null || tokens === null || tokens < 2) return null;
  const seconds = (totalMs - firstTokenMs) / 1000;
  return seconds < LEAST_SECONDS ? null : (tokens - 1) / seconds;
}

export function countChanged(parameters: Parameters): number {
  return Object.values(parameters).filter((value) => value !== null && value !== "").length;
}
