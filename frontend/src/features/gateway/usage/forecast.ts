/** When a budget will be used up, if it goes on like this. Pure. */
import { DAY_MS, HOUR_MS, startOfDay, startOfMonth, startOfNextMonth } from "./spans";

export interface Budget {
  window: "day" | "month";
  limit: number;
  /** Used in this window so far. */
  used: number;
}

export type Forecast =
  | { kind: "unknown" }
  /** Nothing is left. */
  | { kind: "over"; until: number }
  /** Used up before the window ends. */
  | { kind: "reached"; at: number }
  /** Lasts; `share` of it will be used at the end. */
  | { kind: "holds"; share: number };

const LEAST_HOURS = { day: 2, month: 24 } as const;
const LOOK_BACK_DAYS = 7;

export function windowOf(window: Budget["window"], now: number): { from: number; until: number } {
  return window === "day"
    ? { from: startOfDay(now), until: startOfDay(now) + DAY_MS }
    : { from: startOfMonth(now), until: startOfNextMonth(now) };
}

/**
 * `recent` are tokens per day of the last days, the running one last. A month goes by the pace of
 * the last week, so that one busy day does not frighten; a day goes by its own pace.
 */
export function forecast(budget: Budget, recent: readonly number[], now: number): Forecast {
  const { from, until } = windowOf(budget.window, now);
  if (budget.used >= budget.limit) return { kind: "over", until };
  const pace = budget.window === "day" ? budget.used / (now - from) : weeklyPace(recent, now);
  const known = budget.window === "day" ? now - from : knownFor(recent, now);
  if (known < LEAST_HOURS[budget.window] * HOUR_MS) return { kind: "unknown" };
  const atEnd = budget.used + pace * (until - now);
  if (atEnd < budget.limit) return { kind: "holds", share: atEnd / budget.limit };
  return { kind: "reached", at: now + (budget.limit - budget.used) / pace };
}

function lastWeek(recent: readonly number[]): readonly number[] {
  const week = recent.slice(-LOOK_BACK_DAYS);
  const first = week.findIndex((tokens) => tokens > 0);
  return first < 0 ? [] : week.slice(first);
}

/** How long the days are that the pace is taken from: up to now, not to tonight. */
function knownFor(recent: readonly number[], now: number): number {
  const days = lastWeek(recent).length;
  return days === 0 ? 0 : (days - 1) * DAY_MS + (now - startOfDay(now));
}

function weeklyPace(recent: readonly number[], now: number): number {
  const known = knownFor(recent, now);
  return known === 0 ? 0 : lastWeek(recent).reduce((sum, tokens) => sum + tokens, 0) / known;
}
