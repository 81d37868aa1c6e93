import { describe, expect, it } from "vitest";
import type { KeyOut } from "@/api/generated/schema";
import { PRESET_LIMITS, toTexts } from "./limits";
import { draftOf, FIRST_KEY, missing, toChange, toIssue } from "./newKey";

const NAMED = { ...FIRST_KEY, name: "laptop" };
const NOW = new Date("2026-03-10T12:00:00Z");

describe("a new key", () => {
  it("needs a name, and models when only some are meant", () => {
    expect(missing(FIRST_KEY)).toBe("name");
    expect(missing(NAMED)).toBeNull();
    expect(missing({ ...NAMED, access: "only" })).toBe("models");
    expect(missing({ ...NAMED, access: "allBut", models: ["big"] })).toBeNull();
  });

  it("is not made from what cannot be understood", () => {
    expect(missing({ ...NAMED, limits: { ...FIRST_KEY.limits, parallel: "lots" } })).toBe("limits");
    expect(missing({ ...NAMED, networks: "home" })).toBe("networks");
    expect(missing({ ...NAMED, maxOutput: "long" })).toBe("output");
    expect(missing({ ...NAMED, scopes: [] })).toBe("scopes");
  });

  it("does not end in the past", () => {
    const until = (lastDay: string) => ({ ...NAMED, lasts: "date", lastDay }) as const;
    expect(missing(until("2026-03-09"), NOW)).toBe("day");
    expect(missing(until(""), NOW)).toBe("day");
    expect(missing(until("2026-03-11"), NOW)).toBeNull();
  });

  it("may use every model, forever and without limits unless asked to", () =>
    expect(toIssue({ ...NAMED, name: " laptop ", models: ["left over"] })).toMatchObject({
      name: "laptop",
      models: null,
      denied_models: [],
      expires_at: null,
      scopes: ["infer"],
      networks: [],
      privacy: "metadata",
      max_output_tokens: null,
      when_redis_away: null,
    }));

  it("carries what was chosen", () => {
    const draft = {
      ...NAMED,
      access: "allBut",
      models: ["big"],
      preset: "ci",
      limits: toTexts(PRESET_LIMITS.ci),
      lasts: "30",
      networks: "10.0.0.0/8\n::1",
      maxOutput: "4 k",
    } as const;
    expect(toIssue(draft, NOW)).toMatchObject({
      models: null,
      denied_models: ["big"],
      limits: { tokens_per_day: 500_000, parallel: 4 },
      expires_at: "2026-04-09T12:00:00.000Z",
      networks: ["10.0.0.0/8", "::1"],
      max_output_tokens: 4000,
    });
  });
});

describe("a key that is edited", () => {
  const key = {
    name: "CI",
    owner: "ana",
    models: null,
    denied_models: ["big"],
    limits: { ...PRESET_LIMITS.ci },
    scopes: ["infer", "metrics"],
    networks: ["10.0.0.0/8"],
    privacy: "none",
    max_output_tokens: 4000,
    when_redis_away: "serve",
    expires_at: "2026-04-09T12:34:56Z",
  } as unknown as KeyOut;

  it("stays as it was when nothing is changed", () =>
    expect(toChange(draftOf(key), key, NOW)).toMatchObject({
      name: "CI",
      models: null,
      denied_models: ["big"],
      limits: PRESET_LIMITS.ci,
      scopes: ["infer", "metrics"],
      networks: ["10.0.0.0/8"],
      privacy: "none",
      max_output_tokens: 4000,
      when_redis_away: "serve",
      expires_at: "2026-04-09T12:34:56Z",
    }));

  it("is known by its preset", () => expect(draftOf(key).preset).toBe("ci"));

  it("can be told to last forever", () =>
    expect(toChange({ ...draftOf(key), lasts: "never" }, key, NOW).expires_at).toBeNull());

  it("is never sent to somebody else", () =>
    expect(toChange(draftOf(key), key, NOW)).not.toHaveProperty("owner"));
});
