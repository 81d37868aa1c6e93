/** The filters of the list, as the address holds them. */
import type { ViewState } from "@/api/view";

export const FILTER_STATES = ["running", "queued", "failed", "succeeded", "cancelled"] as const;
export const FILTER_SUBJECTS = ["deployment", "ai_model", "node"] as const;

export type FilterState = (typeof FILTER_STATES)[number];
export type FilterSubject = (typeof FILTER_SUBJECTS)[number];

/** What the API is asked for; a word it would not know is left out. */
export interface OperationFilters {
  state?: FilterState;
  subject_type?: FilterSubject;
}

export function readFilters(view: ViewState): OperationFilters {
  const state = FILTER_STATES.find((word) => word === view.state);
  const subject = FILTER_SUBJECTS.find((word) => word === view.subject);
  return { ...(state ? { state } : {}), ...(subject ? { subject_type: subject } : {}) };
}

export function isFiltered(filters: OperationFilters, words: string): boolean {
  return Boolean(filters.state || filters.subject_type || words.trim());
}

/** Whether a row holds every word, wherever and in any case. */
export function matchesWords(texts: readonly string[], words: string): boolean {
  const text = texts.join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
