/** Which requests are shown, as the address says it and as the API is asked. Pure. */
import type { ViewState } from "@/api/view";

export const OUTCOMES = ["answered", "failed", "fellBack", "slow"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const SPANS = ["any", "1h", "24h", "7d", "30d"] as const;
export type Span = (typeof SPANS)[number];

const HOUR_MS = 3_600_000;
const LENGTHS: Record<Exclude<Span, "any">, number> = {
  "1h": HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
  "30d": 30 * 24 * HOUR_MS,
};

export interface RequestFilters {
  from?: string;
  failed?: boolean;
  fell_back?: boolean;
  slow?: boolean;
  key_id?: number;
  model?: string;
  route?: string;
  search?: string;
}

export function toOutcome(word: string | undefined): Outcome | "" {
  return OUTCOMES.find((one) => one === word) ?? "";
}

export function toSpan(word: string | undefined): Span {
  return SPANS.find((one) => one === word) ?? "any";
}

const BY_OUTCOME: Record<Outcome, RequestFilters> = {
  answered: { failed: false },
  failed: { failed: true },
  fellBack: { fell_back: true },
  slow: { slow: true },
};

/** The filters of an address, with the span counted back from `now`. */
export function filtersOf(view: ViewState, now: number): RequestFilters {
  const outcome = toOutcome(view.filter);
  const span = toSpan(view.days);
  const key = Number(view.subject);
  const search = view.q?.trim();
  return {
    ...(span === "any" ? {} : { from: new Date(now - LENGTHS[span]).toISOString() }),
    ...(outcome ? BY_OUTCOME[outcome] : {}),
    ...(view.subject && Number.isInteger(key) ? { key_id: key } : {}),
    ...(view.model ? { model: view.model } : {}),
    ...(view.route ? { route: view.route } : {}),
    ...(search ? { search } : {}),
  };
}

export const NO_FILTERS = {
  filter: undefined,
  days: undefined,
  subject: undefined,
  model: undefined,
  route: undefined,
  q: undefined,
} as const satisfies Partial<Record<keyof ViewState, undefined>>;

/** Where a browser fetches all of what the table shows, for a spreadsheet. */
export function csvAddress(filters: RequestFilters): string {
  const words = Object.entries(filters).map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams(words).toString();
  return `/api/requests.csv${query && `?${query}`}`;
}
