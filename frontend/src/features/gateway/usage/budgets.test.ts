import { describe, expect, it } from "vitest";
import type { HolderLimitsOut, KeyOut, UsageGroupOut } from "@/api/generated/schema";
import { addUp, budgetsOf, perDay } from "./budgets";

const NOW = Date.parse("2026-03-10T12:00:00Z");

function used(id: number, at: string, tokens: number): UsageGroupOut {
  return { group_id: id, at, prompt_tokens: tokens, completion_tokens: 1 } as UsageGroupOut;
}

const key = (id: number, limits: KeyOut["limits"], today: number, change = {}) =>
  ({
    id,
    name: `key ${id}`,
    state: "active",
    limits,
    use: { requests_today: 1, tokens_today: today, tokens_this_month: today, hours: [] },
    ...change,
  }) as unknown as KeyOut;

describe("tokens per day", () => {
  it("stand on their days, with zeros between, up to today", () => {
    const days = perDay(
      [
        used(7, "2026-03-04T00:00:00Z", 1),
        used(7, "2026-03-10T00:00:00Z", 9),
        used(8, "2026-03-01T00:00:00Z", 5),
      ],
      NOW,
    );
    expect(days.get(7)).toEqual([2, 0, 0, 0, 0, 0, 10]);
    expect(days.has(8)).toBe(false);
  });

  it("add up to the whole team's", () =>
    expect(
      addUp([
        [1, 0, 0, 0, 0, 0, 2],
        [1, 1, 0, 0, 0, 0, 0],
      ]),
    ).toEqual([2, 1, 0, 0, 0, 0, 2]));
});

describe("budgets", () => {
  const team = {
    level: "team",
    id: 1,
    name: "home",
    use: [
      { window: "tokens_per_month", limit: 1000, used: 500, reserved: 3 },
      { window: "parallel", limit: 4, used: 1, reserved: 1 },
    ],
  } as unknown as HolderLimitsOut;

  const rows = budgetsOf({
    holders: [team],
    keys: [
      key(1, { tokens_per_day: 100 }, 10),
      key(2, { tokens_per_day: 100 }, 100),
      key(3, { tokens_per_day: 100 }, 100, { state: "revoked" }),
      key(4, { parallel: 2 }, 0),
    ],
    keyDays: new Map(),
    userDays: new Map([[1, [100, 100, 100, 100, 100, 100, 50]]]),
    now: NOW,
  });

  it("are of days and months only, of keys that still work", () =>
    expect(rows.map((row) => `${row.level} ${row.id} ${row.window}`)).toEqual([
      "key 2 day",
      "team 1 month",
      "key 1 day",
    ]));

  it("say what will come of them, what does not hold first", () =>
    expect(rows.map((row) => row.forecast.kind)).toEqual(["over", "reached", "holds"]));
});
