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

const SAID: Record<LimitName, string> = {
  requests_per_minute: "requests per minute",
  tokens_per_minute: "tokens per minute",
  parallel: "requests at a time",
  tokens_per_day: "tokens per day",
  tokens_per_month: "tokens per month",
};

/** Which limits the codes of the gateway can be about. */
const MEANT: Record<string, readonly LimitName[]> = {
  budget_exhausted: ["tokens_per_day", "tokens_per_month"],
  rate_limit_exceeded: ["requests_per_minute", "tokens_per_minute", "parallel"],
  request_exceeds_limit: ["tokens_per_minute", "tokens_per_day", "tokens_per_month"],
};

const LEVELS = ["key", "user", "team"] as const;

/** The limit that a refusal speaks of: the one it names, else of those it can mean the fullest. */
export function limitBehind(
  refusal: Pick<Refusal, "status" | "code" | "reason">,
  uses: readonly LimitUseOut[],
): LimitUseOut | null {
  if (refusal.status !== 429) return null;
  const words = refusal.reason.toLowerCase();
  const named = LIMIT_NAMES.filter((name) => words.includes(SAID[name]));
  const meant = named.length > 0 ? named : (MEANT[refusal.code] ?? LIMIT_NAMES);
  const level = LEVELS.find((one) => words.includes(` of ${one} `));
  const candidates = uses.filter(
    (use) => meant.includes(use.window) && (level === undefined || use.level === level),
  );
  // What never fits is refused by the smallest limit, however little of it is used.
  const order =
    refusal.code === "request_exceeds_limit"
      ? (one: LimitUseOut, other: LimitUseOut) => one.limit - other.limit
      : byFullness;
  return [...candidates].sort(order)[0] ?? null;
}

function byFullness(one: LimitUseOut, other: LimitUseOut): number {
  return other.percent - one.percent;
}

/** What to raise while nothing is left of a limit; null while something is left of all. */
export function fixForNow(uses: readonly LimitUseOut[]): Fix | null {
  const used = uses.filter((use) => use.remaining <= 0).sort(byFullness)[0];
  return used ? raise(used) : null;
}

function raise(use: LimitUseOut): Fix {
  return { kind: "raise", use, window: use.window, to: raised(Math.max(use.limit, use.used)) };
}

/** What to do about a refusal; null when no change of the key would have helped. */
export function fixFor(
  refusal: Pick<Refusal, "status" | "code" | "reason" | "model">,
  report: Pick<KeyReportOut, "limits"> & { key: Pick<KeyOut, "models" | "denied_models"> },
): Fix | null {
  const use = limitBehind(refusal, report.limits);
  if (use) return raise(use);
  const { models, denied_models: denied } = report.key;
  const { model } = refusal;
  if (model && (denied.includes(model) || (models !== null && !models.includes(model)))) {
    return { kind: "allow", model };
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
