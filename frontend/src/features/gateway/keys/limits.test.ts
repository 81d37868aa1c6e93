import { describe, expect, it } from "vitest";
import {
  boundBy,
  contradiction,
  fromTexts,
  PRESET_LIMITS,
  PRESETS,
  parseAmount,
  presetOf,
  raised,
  sameLimits,
  toTexts,
  writeAmount,
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

describe("limits in a form", () => {
  it("come back as they went in", () => {
    for (const limits of [...Object.values(PRESET_LIMITS), { tokens_per_day: 1_840_112 }]) {
      expect(sameLimits(fromTexts(toTexts(limits)) ?? {}, limits)).toBe(true);
    }
  });

  it("are written short where nothing is lost", () =>
    expect([7, 1500, 20_000, 1_500_000, 3_000_000, 20_001].map(writeAmount)).toEqual([
      "7",
      "1500",
      "20 k",
      "1500 k",
      "3 M",
      "20001",
    ]));

  it("are none as long as one of them is no amount", () =>
    expect(fromTexts({ ...toTexts({}), parallel: "many" })).toBeNull());
});
