import { describe, expect, it } from "vitest";
import { tokensPerSecond } from "./tokensPerSecond";

const NOW = Date.parse("2026-11-21T20:00:30Z");
const request = (at: string, model: string, completion_tokens: number, total_ms: number) => ({
  at,
  model,
  completion_tokens,
  total_ms,
});

describe("tokens per second", () => {
  it("loses no token", () => {
    const { series } = tokensPerSecond(
      [request("2026-11-21T19:30:30Z", "a", 600, 90_000)],
      NOW,
      "…",
    );
    const total = (series[0]?.values ?? []).reduce((sum, value) => sum + value * 60, 0);
    expect(total).toBeCloseTo(600);
  });

  it("spreads a request over the minutes it took", () => {
    const { series } = tokensPerSecond(
      [request("2026-11-21T19:31:00Z", "a", 120, 120_000)],
      NOW,
      "…",
    );
    const busy = (series[0]?.values ?? []).filter((value) => value > 0.01);
    expect(busy).toEqual([1, 1]);
  });

  it("names the three busiest and adds up the rest", () => {
    const models = ["a", "b", "c", "d", "e"];
    const { series } = tokensPerSecond(
      models.map((model, index) => request("2026-11-21T19:40:00Z", model, 10 + index, 1000)),
      NOW,
      "rest",
    );
    expect(series.map((one) => one.name)).toEqual(["e", "d", "c", "rest"]);
  });
});
