import { describe, expect, it } from "vitest";
import type { KeyOut } from "@/api/generated/schema";
import { filterOf, matches, sorted, standingOf, toSort } from "./standing";

const NOW = Date.parse("2026-03-10T12:00:00Z");

function key(change: Partial<KeyOut> = {}): KeyOut {
  return {
    id: 1,
    name: "Kitchen tablet",
    prefix: "hk_live_7Qm2",
    owner: "ana",
    models: null,
    denied_models: [],
    limits: {},
    use: { requests_today: 0, tokens_today: 0, tokens_this_month: 0, hours: [] },
    state: "active",
    previous_until: null,
    expires_at: null,
    created_at: "2026-03-01T00:00:00Z",
    last_used_at: "2026-03-10T11:00:00Z",
    ...change,
  } as KeyOut;
}
const use = (today: number, month = today) => ({
  requests_today: 1,
  tokens_today: today,
  tokens_this_month: month,
  hours: [],
});
const standing = (change: Partial<KeyOut>) => standingOf(key(change), NOW);

describe("how a key stands", () => {
  it("is that it works, when nothing is worth saying", () =>
    expect(standing({})).toEqual({ kind: "works" }));

  it("is its budget, as soon as four fifths are used", () => {
    const limits = { tokens_per_day: 100, tokens_per_month: 1000 };
    expect(standing({ limits, use: use(79) }).kind).toBe("works");
    expect(standing({ limits, use: use(80) })).toEqual({ kind: "near", window: "day", share: 0.8 });
    expect(standing({ limits, use: use(100) })).toEqual({ kind: "usedUp", window: "day" });
    expect(standing({ limits, use: use(90, 1000) })).toEqual({ kind: "usedUp", window: "month" });
  });

  it("is its rotation, its end or that nobody uses it", () => {
    const until = "2026-03-10T20:00:00Z";
    expect(standing({ state: "rotating", previous_until: until })).toEqual({
      kind: "rotating",
      until,
    });
    expect(standing({ previous_until: "2026-03-10T11:00:00Z" }).kind).toBe("works");
    expect(standing({ expires_at: "2026-03-12T00:00:00Z" }).kind).toBe("expiring");
    expect(standing({ last_used_at: "2026-02-01T00:00:00Z" })).toEqual({
      kind: "unused",
      days: 37,
    });
    expect(standing({ last_used_at: null }).kind).toBe("works");
  });

  it("is that it is over, whatever else holds", () => {
    const limits = { tokens_per_day: 1 };
    expect(standing({ state: "revoked", limits, use: use(5) }).kind).toBe("revoked");
    expect(filterOf({ kind: "expired" })).toBe("ended");
  });
});

const row = (change: Partial<KeyOut>) => ({ key: key(change), standing: standing(change) });

describe("a list of keys", () => {
  const rows = [
    row({ name: "b", state: "revoked", last_used_at: "2026-03-10T11:59:00Z" }),
    row({ name: "c", last_used_at: null, use: use(7) }),
    row({ name: "a", owner: "luka", models: ["coder"], expires_at: "2026-05-01T00:00:00Z" }),
  ];
  const names = (word?: string) => sorted(rows, word).map((one) => one.key.name);

  it("shows what works first, and what was used last above", () =>
    expect(names()).toEqual(["a", "c", "b"]));

  it("is sorted as asked for, both ways", () => {
    expect(names("name")).toEqual(["a", "b", "c"]);
    expect(names("-tokens")[0]).toBe("c");
    expect(names("expires")[0]).toBe("a");
    expect(toSort("-used")).toEqual({ by: "used", descending: true });
    expect(toSort("nonsense")).toBeNull();
  });

  it("is searched in names, owners, prefixes and models", () => {
    const found = (words: string) => rows.filter((one) => matches(one, words)).length;
    expect(found("LUKA coder")).toBe(1);
    expect(found("hk_live")).toBe(3);
    expect(found("luka nobody")).toBe(0);
  });
});
