/** How a key stands right now, and lists of keys filtered and sorted. Pure. */
import type { KeyOut } from "@/api/generated/schema";
import { DAY_MS } from "../usage/spans";

const NEAR_SHARE = 0.8;
const UNUSED_DAYS = 30;
const EXPIRES_SOON_DAYS = 7;

export type Standing =
  | { kind: "revoked" | "expired" | "works" }
  /** Nothing is left of today, or of this month. */
  | { kind: "usedUp"; window: "day" | "month" }
  | { kind: "near"; window: "day" | "month"; share: number }
  /** Two secrets work until then. */
  | { kind: "rotating"; until: string }
  | { kind: "expiring"; at: string }
  | { kind: "unused"; days: number };

type Judged = Pick<
  KeyOut,
  "state" | "limits" | "use" | "previous_until" | "expires_at" | "last_used_at" | "created_at"
>;

/** How much of a budget is used up, 0 to 1 and beyond; null where there is none. */
export function shareUsed(key: Pick<KeyOut, "limits" | "use">, window: "day" | "month") {
  const limit = window === "day" ? key.limits.tokens_per_day : key.limits.tokens_per_month;
  const used = window === "day" ? key.use.tokens_today : key.use.tokens_this_month;
  return limit ? used / limit : null;
}

/** The one thing worth saying about a key, the most pressing first. */
export function standingOf(key: Judged, now: number): Standing {
  if (key.state === "revoked" || key.state === "expired") return { kind: key.state };
  const spent = (["day", "month"] as const).flatMap((window) => {
    const share = shareUsed(key, window);
    return share === null ? [] : [{ window, share }];
  });
  const worst = spent.sort((one, other) => other.share - one.share)[0];
  if (worst && worst.share >= 1) return { kind: "usedUp", window: worst.window };
  if (worst && worst.share >= NEAR_SHARE) return { kind: "near", ...worst };
  if (key.previous_until && Date.parse(key.previous_until) > now) {
    return { kind: "rotating", until: key.previous_until };
  }
  if (key.expires_at && Date.parse(key.expires_at) - now < EXPIRES_SOON_DAYS * DAY_MS) {
    return { kind: "expiring", at: key.expires_at };
  }
  const days = Math.floor((now - Date.parse(key.last_used_at ?? key.created_at)) / DAY_MS);
  return days >= UNUSED_DAYS ? { kind: "unused", days } : { kind: "works" };
}

export const FILTERS = ["works", "attention", "rotating", "unused", "ended"] as const;
export type Filter = (typeof FILTERS)[number];

export function filterOf(standing: Standing): Filter {
  switch (standing.kind) {
    case "revoked":
    case "expired":
      return "ended";
    case "usedUp":
    case "near":
    case "expiring":
      return "attention";
    default:
      return standing.kind;
  }
}

export interface KeyRow {
  key: KeyOut;
  standing: Standing;
}

export function matches(row: KeyRow, words: string): boolean {
  const { name, prefix, owner, models } = row.key;
  const text = [name, prefix, owner, ...(models ?? [])].join(" ").toLocaleLowerCase();
  return words
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export const SORTS = ["name", "for", "tokens", "used", "expires"] as const;
export type Sort = (typeof SORTS)[number];

export function toSort(word: string | undefined): { by: Sort; descending: boolean } | null {
  const by = SORTS.find((one) => one === word?.replace(/^-/, ""));
  return by ? { by, descending: word?.startsWith("-") ?? false } : null;
}

const NEVER = Number.MAX_SAFE_INTEGER;

function sortValue(row: KeyRow, by: Sort): string | number {
  switch (by) {
    case "name":
      return row.key.name;
    case "for":
      return row.key.owner;
    case "tokens":
      return row.key.use.tokens_today;
    case "used":
      return row.key.last_used_at ? Date.parse(row.key.last_used_at) : 0;
    case "expires":
      return row.key.expires_at ? Date.parse(row.key.expires_at) : NEVER;
  }
}

/** As asked for; else what still works first, what was used last above. */
export function sorted(rows: readonly KeyRow[], word: string | undefined): KeyRow[] {
  const sort = toSort(word);
  const compare = (one: KeyRow, other: KeyRow) => {
    if (!sort) {
      const ended = (row: KeyRow) => (filterOf(row.standing) === "ended" ? 1 : 0);
      const used = Number(sortValue(other, "used")) - Number(sortValue(one, "used"));
      return ended(one) - ended(other) || used || one.key.name.localeCompare(other.key.name);
    }
    const [a, b] = [sortValue(one, sort.by), sortValue(other, sort.by)];
    const order = typeof a === "string" ? a.localeCompare(String(b)) : Math.sign(a - Number(b));
    return sort.descending ? -order : order;
  };
  return [...rows].sort(compare);
}
