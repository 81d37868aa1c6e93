import { describe, expect, it } from "vitest";
import type { LimitUseOut } from "@/api/generated/schema";
import { allowing, fixFor, fixForNow, limitBehind } from "./refusal";

function use(change: Partial<LimitUseOut>): LimitUseOut {
  return {
    level: "key",
    holder: "tablet",
    window: "tokens_per_day",
    limit: 1000,
    used: 0,
    reserved: 0,
    remaining: 1000,
    percent: 0,
    resets_at: null,
    known: true,
    ...change,
  };
}

const REFUSED = { status: 429, code: "budget_exhausted", reason: "", model: "tiny" };
const KEY = { models: null, denied_models: [] };

describe("the limit behind a refusal", () => {
  it("is the one it names, at the level where it is fullest", () => {
    const uses = [
      use({ percent: 40 }),
      use({ level: "team", percent: 90 }),
      use({ window: "tokens_per_month", percent: 100 }),
    ];
    const named = { ...REFUSED, reason: "The limit of 1,000 tokens per day is reached" };
    expect(limitBehind(named, uses)?.level).toBe("team");
    const ofKey = { ...named, reason: "The limit of 9 tokens per day of key 'a' is reached" };
    expect(limitBehind(ofKey, uses)?.level).toBe("key");
  });

  it("is the fullest of those that its code can mean, when it names none", () => {
    const uses = [
      use({ percent: 10 }),
      use({ window: "tokens_per_month", percent: 99 }),
      use({ window: "parallel", percent: 100 }),
    ];
    expect(limitBehind(REFUSED, uses)?.window).toBe("tokens_per_month");
    expect(limitBehind({ ...REFUSED, code: "rate_limit_exceeded" }, uses)?.window).toBe("parallel");
  });

  it("is the smallest, when the request could never fit", () =>
    expect(
      limitBehind({ ...REFUSED, code: "request_exceeds_limit" }, [
        use({ limit: 5000, percent: 90 }),
        use({ window: "tokens_per_minute", limit: 100 }),
      ])?.window,
    ).toBe("tokens_per_minute"));

  it("is none when something else was wrong", () =>
    expect(limitBehind({ ...REFUSED, status: 404 }, [use({})])).toBeNull());
});

describe("what mends a refusal", () => {
  it("goes beyond what is used already", () => {
    const spent = use({ limit: 900, used: 1900, remaining: 0, percent: 211 });
    expect(fixForNow([use({}), spent])).toMatchObject({ kind: "raise", to: 5000 });
    expect(fixForNow([use({})])).toBeNull();
  });

  it("is a higher limit", () =>
    expect(fixFor(REFUSED, { key: KEY, limits: [use({ percent: 100 })] })).toMatchObject({
      kind: "raise",
      window: "tokens_per_day",
      to: 2000,
    }));

  it("is the model, when the key may not use it", () => {
    const refusal = { status: 404, code: "model_not_found", reason: "", model: "big" };
    const fix = { kind: "allow", model: "big" };
    expect(fixFor(refusal, { key: { ...KEY, models: ["tiny"] }, limits: [] })).toEqual(fix);
    expect(fixFor(refusal, { key: { ...KEY, denied_models: ["big"] }, limits: [] })).toEqual(fix);
    expect(fixFor(refusal, { key: KEY, limits: [] })).toBeNull();
  });

  it("is an edit of the key, when its networks or scopes stood in the way", () =>
    expect(
      fixFor(
        { status: 403, code: "network_not_allowed", reason: "", model: "" },
        { key: KEY, limits: [] },
      ),
    ).toEqual({ kind: "change" }));
});

it("allowing a model keeps the others", () => {
  expect(allowing("big", { models: ["tiny"], denied_models: [] })).toEqual({
    models: ["tiny", "big"],
    denied_models: [],
  });
  expect(allowing("big", { models: null, denied_models: ["big", "old"] })).toEqual({
    denied_models: ["old"],
  });
});
