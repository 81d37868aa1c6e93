import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, type Range, rangeOf, startOfNextMonth } from "./spans";

const NOW = Date.parse("2026-03-10T14:35:00Z");

function steps({ from, to, step }: Range): number {
  return (Date.parse(to) - Date.parse(from)) / (step === "hour" ? HOUR_MS : DAY_MS);
}

describe("a span", () => {
  it("of a day begins on the hour and has 24 steps", () => {
    const range = rangeOf("24h", NOW);
    expect(range).toEqual({
      from: "2026-03-09T15:00:00.000Z",
      to: "2026-03-10T15:00:00.000Z",
      step: "hour",
    });
    expect(steps(range)).toBe(24);
  });

  it("of days begins at midnight and counts today", () => {
    expect(rangeOf("7d", NOW).from).toBe("2026-03-04T00:00:00.000Z");
    expect(steps(rangeOf("7d", NOW))).toBe(7);
    expect(steps(rangeOf("30d", NOW))).toBe(30);
    expect(steps(rangeOf("month", NOW))).toBe(10);
  });

  it("that somebody chose includes its last day", () => {
    const range = rangeOf("custom", NOW, "2026-02-01", "2026-02-28");
    expect(range.to).toBe("2026-03-01T00:00:00.000Z");
    expect(steps(range)).toBe(28);
  });

  it("of few days is shown by the hour", () => {
    const range = rangeOf("custom", NOW, "2026-02-01");
    expect(range.step).toBe("hour");
    expect(steps(range)).toBe(24);
  });

  it.each([
    ["", ""],
    ["2026-02-30x", ""],
    ["2026-02-10", "2026-02-01"],
    ["2020-01-01", "2026-01-01"],
  ])("from %s to %s makes no sense, so the last week is shown", (first, last) =>
    expect(rangeOf("custom", NOW, first, last)).toEqual(rangeOf("7d", NOW)),
  );
});

it("a month ends where the next begins, also in December", () =>
  expect(new Date(startOfNextMonth(Date.parse("2026-12-31T23:59:00Z"))).toISOString()).toBe(
    "2027-01-01T00:00:00.000Z",
  ));
