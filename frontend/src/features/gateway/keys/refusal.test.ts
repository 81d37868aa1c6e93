import { describe, expect, it } from "vitest";
import type { LimitUseOut } from "@/api/generated/schema";
import { allowing, fixFor, limitBehind } from "./refusal";

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

const REFUSED = { status: 429, code: "tokens_per_day", reason: "", model: "tiny" };
const KEY = { models: null, denied_models: [] };

describe("the limit behind a refusal", () => {
  it("is the one it names, at the level where it is fullest", () => {
    const uses = [
      use({ percent: 40 }),
      use({ level: "team", percent: 100 }),
      use({ window: "parallel", percent: 100 }),
    ];
    expect(limitBehind(REFUSED, uses)?.level).toBe("team");
    expect(limitBehind({ ...REFUSED, code: "", reason: "2 requests at once" }, uses)?.window).toBe(
      "parallel",
    );
  });

  it("is the fullest when it names none", () =>
    expect(
      limitBehind({ ...REFUSED, code: "rate_limit_exceeded" }, [
        use({ percent: 10 }),
        use({ window: "tokens_per_month", percent: 99 }),
      ])?.window,
    ).toBe("tokens_per_month"));

  it("is none when something else was wrong", () =>
    expect(limitBehind({ ...REFUSED, status: 404 }, [use({})])).toBeNull());
});

describe("what mends a refusal", () => {
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
