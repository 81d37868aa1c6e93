/** What the dialog for a new key collects, and what it sends. */
import type { IssueKeyIn } from "@/api/generated/schema";
import { DAY_MS } from "../usage/today";

export type Lasts = "never" | "30" | "90" | "365";
export const LASTS: readonly Lasts[] = ["never", "30", "90", "365"];

export interface KeyDraft {
  name: string;
  onlyModels: boolean;
  models: readonly string[];
  lasts: Lasts;
}

export const FIRST_KEY: KeyDraft = { name: "", onlyModels: false, models: [], lasts: "never" };

export function isReadyToIssue(draft: KeyDraft): boolean {
  return draft.name.trim() !== "" && (!draft.onlyModels || draft.models.length > 0);
}

export function toIssue(draft: KeyDraft, now = new Date()): IssueKeyIn {
  return {
    name: draft.name.trim(),
    models: draft.onlyModels ? [...draft.models] : null,
    expires_at:
      draft.lasts === "never"
        ? null
        : new Date(now.getTime() + Number(draft.lasts) * DAY_MS).toISOString(),
  };
}
