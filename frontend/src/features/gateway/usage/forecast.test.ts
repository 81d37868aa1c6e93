import { describe, expect, it } from "vitest";
import { forecast } from "./forecast";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const month = (used: number, limit: number) => ({ window: "month", used, limit }) as const;
const day = (used: number, limit: number) => ({ window: "day", used, limit }) as const;

describe("a forecast", () => {
  it("of a month goes by the pace of the last week", () => {
    // 100 a day; half of today is over, and 500 are left: five days.
    const recent = [9000, 100, 100, 100, 100, 100, 100, 50];
    const found = forecast(month(500, 1000), recent, NOW);
    expect(found.kind).toBe("reached");
    if (found.kind === "reached") {
      expect(new Date(found.at).toISOString()).toBe("2026-03-15T12:00:00.000Z");
    }
  });

  it("says how much will be left when a budget lasts", () => {
    const recent = [100, 100, 100, 100, 100, 100, 50];
    // 21.5 days to go: 2150 more.
    expect(forecast(month(850, 6000), recent, NOW)).toEqual({ kind: "holds", share: 0.5 });
  });

  it("of a day goes by the day itself", () => {
    const found = forecast(day(60, 100), [], NOW);
    expect(found).toEqual({ kind: "reached", at: Date.parse("2026-03-10T20:00:00Z") });
    expect(forecast(day(40, 100), [], NOW)).toEqual({ kind: "holds", share: 0.8 });
  });

  it("knows when nothing is left, and until when", () => {
    expect(forecast(day(100, 100), [], NOW)).toEqual({
      kind: "over",
      until: Date.parse("2026-03-11T00:00:00Z"),
    });
    expect(forecast(month(7, 5), [], NOW)).toEqual({
      kind: "over",
      until: Date.parse("2026-04-01T00:00:00Z"),
    });
  });

  it("is not made from too little", () => {
    expect(forecast(day(9, 10), [], Date.parse("2026-03-10T01:00:00Z"))).toEqual({
      kind: "unknown",
    });
    expect(forecast(month(9, 10), [0, 0, 0, 0, 0, 0, 9], NOW)).toEqual({ kind: "unknown" });
    expect(forecast(month(0, 10), [], NOW)).toEqual({ kind: "unknown" });
  });
});
