/** What the dialog for a new key collects, and what it sends. */
import type { ChangeKeyIn, IssueKeyIn, KeyOut } from "@/api/generated/schema";
import { DAY_MS } from "../usage/spans";
import {
  fromTexts,
  type LimitTexts,
  type Preset,
  parseAmount,
  presetOf,
  toTexts,
  writeAmount,
} from "./limits";
import { linesOf, wrongLine } from "./networks";

export const LASTS = ["never", "30", "90", "365", "date"] as const;
export type Lasts = (typeof LASTS)[number];
export const ACCESS = ["every", "only", "allBut"] as const;
export type Access = (typeof ACCESS)[number];
export const SCOPES = ["infer", "metrics", "manage"] as const;
export type Scope = (typeof SCOPES)[number];
export const PRIVACIES = ["none", "metadata", "full"] as const;
export type Privacy = (typeof PRIVACIES)[number];

export const WHEN_AWAY = ["default", "refuse", "serve"] as const;
export type WhenAway = (typeof WHEN_AWAY)[number];

export interface KeyDraft {
  name: string;
  /** The username of who it is for; null for oneself. */
  owner: string | null;
  access: Access;
  /** What `only` and `allBut` speak of. */
  models: readonly string[];
  preset: Preset;
  limits: LimitTexts;
  lasts: Lasts;
  /** The last day (2026-03-10), where it lasts until one. */
  lastDay: string;
  scopes: readonly Scope[];
  /** One address or network a line. */
  networks: string;
  privacy: Privacy;
  maxOutput: string;
  /** What happens while nobody can say how much of its limits is left. */
  whenAway: WhenAway;
}

export const FIRST_KEY: KeyDraft = {
  name: "",
  owner: null,
  access: "every",
  models: [],
  preset: "none",
  limits: toTexts({}),
  lasts: "never",
  lastDay: "",
  scopes: ["infer"],
  networks: "",
  privacy: "metadata",
  maxOutput: "",
  whenAway: "default",
};

/** The moment it ends: the end of the reader's day, or so many days from now. */
export function endOf(draft: KeyDraft, now: Date): Date | null {
  if (draft.lasts === "never") return null;
  if (draft.lasts !== "date") return new Date(now.getTime() + Number(draft.lasts) * DAY_MS);
  const end = new Date(`${draft.lastDay}T23:59:59`);
  return Number.isNaN(end.getTime()) ? null : end;
}

export type Missing = "name" | "models" | "limits" | "day" | "scopes" | "networks" | "output";

/** The first thing that still stands in the way; null when the key can be made. */
export function missing(draft: KeyDraft, now = new Date()): Missing | null {
  if (draft.name.trim() === "") return "name";
  if (draft.access !== "every" && draft.models.length === 0) return "models";
  if (fromTexts(draft.limits) === null) return "limits";
  if (draft.lasts === "date" && (endOf(draft, now)?.getTime() ?? 0) <= now.getTime()) return "day";
  if (draft.scopes.length === 0) return "scopes";
  if (wrongLine(draft.networks) !== null) return "networks";
  if (draft.maxOutput.trim() !== "" && parseAmount(draft.maxOutput) === null) return "output";
  return null;
}

export function toIssue(draft: KeyDraft, now = new Date()): IssueKeyIn {
  return {
    ...rightsOf(draft, now),
    ...(draft.owner === null ? {} : { owner: draft.owner }),
  };
}

/** The draft of a key that is there already. */
export function draftOf(key: KeyOut): KeyDraft {
  const access = key.models ? "only" : key.denied_models.length > 0 ? "allBut" : "every";
  return {
    name: key.name,
    owner: key.owner,
    access,
    models: key.models ?? key.denied_models,
    preset: presetOf(key.limits),
    limits: toTexts(key.limits),
    lasts: key.expires_at ? "date" : "never",
    lastDay: key.expires_at ? dayOf(new Date(key.expires_at)) : "",
    scopes: SCOPES.filter((scope) => key.scopes.includes(scope)),
    networks: key.networks.join("\n"),
    privacy: key.privacy,
    maxOutput: key.max_output_tokens === null ? "" : writeAmount(key.max_output_tokens),
    whenAway: key.when_redis_away ?? "default",
  };
}

/** The day of a moment where the reader is: 2026-03-10. */
function dayOf(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** All that an edit may change. A last day that was not touched keeps its moment. */
export function toChange(draft: KeyDraft, key: KeyOut, now = new Date()): ChangeKeyIn {
  const rights = rightsOf(draft, now);
  const isSameDay = draft.lasts === "date" && draft.lastDay === draftOf(key).lastDay;
  return { ...rights, expires_at: isSameDay ? key.expires_at : rights.expires_at };
}

function rightsOf(draft: KeyDraft, now: Date) {
  return {
    name: draft.name.trim(),
    models: draft.access === "only" ? [...draft.models] : null,
    denied_models: draft.access === "allBut" ? [...draft.models] : [],
    limits: fromTexts(draft.limits) ?? {},
    expires_at: endOf(draft, now)?.toISOString() ?? null,
    scopes: [...draft.scopes],
    networks: linesOf(draft.networks),
    privacy: draft.privacy,
    max_output_tokens: parseAmount(draft.maxOutput),
    when_redis_away: draft.whenAway === "default" ? null : draft.whenAway,
  };
}
