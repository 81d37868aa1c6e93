/** Why a request moves on, in the order in which people think of it. */
export const CAUSES = ["refused", "5xx", "timeout", "429", "context", "cold"] as const;
export type Cause = (typeof CAUSES)[number];

export function toCause(word: string): Cause | null {
  return CAUSES.find((cause) => cause === word) ?? null;
}

/** `refused; from=coder` as the gateway writes it. Pure. */
export function readFallbackReason(text: string): { cause: string; from: string } | null {
  const match = /^([^;]+)(?:;\s*from=(.*))?$/.exec(text.trim());
  return match?.[1] ? { cause: match[1], from: match[2] ?? "" } : null;
}
