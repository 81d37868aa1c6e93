/** Why a key was refused, and what would mend it. Pure. */
import type { KeyOut, KeyReportOut, LimitUseOut } from "@/api/generated/schema";
import { LIMIT_NAMES, type LimitName, raised } from "./limits";

type Refusal = NonNullable<KeyReportOut["last_refusal"]>;

export type Fix =
  /** Somebody's limit is too low: the key's own, or one it shares. */
  | {
      kind: "raise";
      use: Pick<LimitUseOut, "level" | "holder" | "limit">;
      window: LimitName;
      to: number;
    }
  | { kind: "allow"; model: string }
  /** Anything else that an edit of the key can mend. */
  | { kind: "change" };

const ABOUT_THE_KEY = ["network", "scope", "expired", "address"];

/** The limit that a refusal speaks of: the one it names, else the one that is used up most. */
export function limitBehind(
  refusal: Pick<Refusal, "status" | "code" | "reason">,
  uses: readonly LimitUseOut[],
): LimitUseOut | null {
  if (refusal.status !== 429) return null;
  const words = `${refusal.code} ${refusal.reason}`.toLowerCase();
  const named = LIMIT_NAMES.find((name) => words.includes(name) || words.includes(SAID[name]));
  const candidates = named ? uses.filter((use) => use.window === named) : uses;
  return [...candidates].sort((one, other) => other.percent - one.percent)[0] ?? null;
}

const SAID: Record<LimitName, string> = {
  requests_per_minute: "requests per minute",
  tokens_per_minute: "tokens per minute",
  parallel: "at once",
  tokens_per_day: "tokens per day",
  tokens_per_month: "tokens per month",
};

/** What to do about a refusal; null when no change of the key would have helped. */
export function fixFor(
  refusal: Pick<Refusal, "status" | "code" | "reason" | "model">,
  report: Pick<KeyReportOut, "limits"> & { key: Pick<KeyOut, "models" | "denied_models"> },
): Fix | null {
  const use = limitBehind(refusal, report.limits);
  if (use) return { kind: "raise", use, window: use.window, to: raised(use.limit) };
  const { models, denied_models: denied } = report.key;
  const isKept = models !== null && !models.includes(refusal.model);
  if (refusal.model && (isKept || denied.includes(refusal.model))) {
    return { kind: "allow", model: refusal.model };
  }
  return ABOUT_THE_KEY.some((word) => refusal.code.includes(word)) ? { kind: "change" } : null;
}

/** The key's models with one more allowed. */
export function allowing(model: string, key: Pick<KeyOut, "models" | "denied_models">) {
  return {
    ...(key.models ? { models: [...key.models, model] } : {}),
    denied_models: key.denied_models.filter((one) => one !== model),
  };
}
