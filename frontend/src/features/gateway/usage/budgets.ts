/** Every budget there is, with what it will come to. Pure. */
import type { HolderLimitsOut, KeyOut, UsageGroupOut } from "@/api/generated/schema";
import { type Budget, type Forecast, forecast } from "./forecast";
import { DAY_MS, startOfDay } from "./spans";

export interface BudgetRow extends Budget {
  level: "key" | "user" | "team";
  id: number;
  holder: string;
  reserved: number;
  forecast: Forecast;
}

export const LOOK_BACK_DAYS = 7;

/** Tokens per day of each group, the last days up to today, by the id of the group. */
export function perDay(items: readonly UsageGroupOut[], now: number): Map<number, number[]> {
  const first = startOfDay(now) - (LOOK_BACK_DAYS - 1) * DAY_MS;
  const days = new Map<number, number[]>();
  for (const item of items) {
    const at = Math.floor((Date.parse(item.at ?? "") - first) / DAY_MS);
    if (typeof item.group_id !== "number" || !(at >= 0 && at < LOOK_BACK_DAYS)) continue;
    const known = days.get(item.group_id) ?? Array.from({ length: LOOK_BACK_DAYS }, () => 0);
    known[at] = (known[at] ?? 0) + item.prompt_tokens + item.completion_tokens;
    days.set(item.group_id, known);
  }
  return days;
}

export function addUp(days: Iterable<readonly number[]>): number[] {
  const sum = Array.from({ length: LOOK_BACK_DAYS }, () => 0);
  for (const one of days) {
    for (const [index, tokens] of one.entries()) sum[index] = (sum[index] ?? 0) + tokens;
  }
  return sum;
}

interface Known {
  holders: readonly HolderLimitsOut[];
  keys: readonly KeyOut[];
  /** By the ids of keys and of people. */
  keyDays: Map<number, number[]>;
  userDays: Map<number, number[]>;
  now: number;
}

/** The budgets of the team, its people and its keys, the ones that will not hold first. */
export function budgetsOf({ holders, keys, keyDays, userDays, now }: Known): BudgetRow[] {
  const everybody = addUp(userDays.values());
  const rows = [
    ...holders.flatMap((holder) =>
      holder.use.flatMap(({ window, limit, used, reserved }) => {
        const span = windowOf(window);
        const recent = holder.level === "team" ? everybody : (userDays.get(holder.id) ?? []);
        return span
          ? [
              row(
                {
                  level: holder.level,
                  id: holder.id,
                  holder: holder.name,
                  window: span,
                  limit,
                  used,
                  reserved,
                },
                recent,
                now,
              ),
            ]
          : [];
      }),
    ),
    ...keys
      .filter((key) => key.state !== "revoked" && key.state !== "expired")
      .flatMap((key) =>
        (["day", "month"] as const).flatMap((window) => {
          const limit = key.limits[`tokens_per_${window}`];
          const used = window === "day" ? key.use.tokens_today : key.use.tokens_this_month;
          const recent = keyDays.get(key.id) ?? [];
          return limit
            ? [
                row(
                  { level: "key", id: key.id, holder: key.name, window, limit, used, reserved: 0 },
                  recent,
                  now,
                ),
              ]
            : [];
        }),
      ),
  ];
  return rows.sort((one, other) => urgency(other) - urgency(one));
}

function windowOf(window: string): Budget["window"] | null {
  return window === "tokens_per_day" ? "day" : window === "tokens_per_month" ? "month" : null;
}

function row(
  budget: Omit<BudgetRow, "forecast">,
  recent: readonly number[],
  now: number,
): BudgetRow {
  return { ...budget, forecast: forecast(budget, recent, now) };
}

const RANK = { over: 3, reached: 2, holds: 1, unknown: 1 } as const;

function urgency(budget: BudgetRow): number {
  return RANK[budget.forecast.kind] + Math.min(0.99, budget.used / budget.limit);
}
