import { describe, expect, it } from "vitest";
import {
  boundBy,
  contradiction,
  PRESET_LIMITS,
  PRESETS,
  parseAmount,
  presetOf,
  raised,
  sameLimits,
} from "./limits";

describe("limits", () => {
  it("bind only where they have a value", () => {
    expect(boundBy({ tokens_per_day: 5, parallel: null, requests_per_minute: 2 })).toEqual([
      ["requests_per_minute", 2],
      ["tokens_per_day", 5],
    ]);
  });

  it("are the same when what is left out is null elsewhere", () => {
    expect(sameLimits({}, { parallel: null })).toBe(true);
    expect(sameLimits({ parallel: 1 }, {})).toBe(false);
  });

  it("are recognised as the preset they came from", () => {
    for (const preset of PRESETS) {
      if (preset !== "custom") expect(presetOf({ ...PRESET_LIMITS[preset] })).toBe(preset);
    }
    expect(presetOf({ parallel: 3 })).toBe("custom");
  });

  it("of every preset make sense together", () => {
    for (const limits of Object.values(PRESET_LIMITS)) expect(contradiction(limits)).toBeNull();
  });

  it("that can never be reached are noticed", () => {
    expect(contradiction({ tokens_per_day: 10, tokens_per_month: 5 })).toBe("dayOverMonth");
    expect(contradiction({ tokens_per_minute: 10, tokens_per_day: 5 })).toBe("minuteOverDay");
    expect(contradiction({ tokens_per_day: 10 })).toBeNull();
  });

  it("are raised to a round number that at least doubles them", () => {
    expect([1, 2, 4, 20, 200_000, 3_000_000].map(raised)).toEqual([
      2, 5, 10, 50, 500_000, 10_000_000,
    ]);
  });
});

describe("an amount that somebody typed", () => {
  it.each([
    ["500", 500],
    ["500 k", 500_000],
    ["2M", 2_000_000],
    ["1.5 M", 1_500_000],
    ["1,5 M", 1_500_000],
    ["1 500", 1500],
    ["1\u2009840\u2009112", 1_840_112],
    ["1.500", 1500],
    ["1,840,112", 1_840_112],
  ])("%s is %d", (text, value) => expect(parseAmount(text)).toBe(value));

  it.each(["", "many", "-5", "0", "1.5", "0.0001 k", "k", "1e9"])("%s is none", (text) =>
    expect(parseAmount(text)).toBeNull(),
  );
});
