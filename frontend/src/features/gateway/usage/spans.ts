/** Spans of time that usage is asked for. Days are counted in UTC, as budgets are. Pure. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const SPANS = ["24h", "7d", "30d", "month", "custom"] as const;
export type Span = (typeof SPANS)[number];
export type Step = "hour" | "day";

export interface Range {
  /** ISO moments at the borders of steps; the end is not included and may lie ahead. */
  from: string;
  to: string;
  step: Step;
}

const HOURS_UP_TO_MS = 3 * DAY_MS;
const LONGEST_DAYS = 400;

export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

export function startOfMonth(ms: number): number {
  const at = new Date(ms);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

export function startOfNextMonth(ms: number): number {
  const at = new Date(ms);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}

/**
 * The range of a named span. It begins on the hour or at midnight, so that the same question stays
 * the same within the hour. `custom` takes two days (2026-03-10), both included; a day that is
 * missing or wrong falls back to the last seven.
 */
export function rangeOf(span: Span, now: number, first = "", last = ""): Range {
  switch (span) {
    case "24h": {
      const end = Math.floor(now / HOUR_MS + 1) * HOUR_MS;
      return between(end - DAY_MS, end, "hour");
    }
    case "7d":
      return days(startOfDay(now) - 6 * DAY_MS, now);
    case "30d":
      return days(startOfDay(now) - 29 * DAY_MS, now);
    case "month":
      return days(startOfMonth(now), now);
    case "custom":
      return customRange(first, last) ?? rangeOf("7d", now);
  }
}

function days(from: number, now: number): Range {
  return between(from, startOfDay(now) + DAY_MS, "day");
}

function between(from: number, to: number, step: Step): Range {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step };
}

function customRange(first: string, last: string): Range | null {
  const from = midnightOf(first);
  const to = midnightOf(last || first);
  if (from === null || to === null || to < from || to - from > LONGEST_DAYS * DAY_MS) return null;
  const end = to + DAY_MS;
  return between(from, end, end - from <= HOURS_UP_TO_MS ? "hour" : "day");
}

function midnightOf(day: string): number | null {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** A day counted in UTC as the same day of the reader's calendar, to be written down. */
export function asLocalDay(ms: number): Date {
  const at = new Date(ms);
  return new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
}
