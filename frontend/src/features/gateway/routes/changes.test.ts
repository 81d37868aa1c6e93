import { describe, expect, it } from "vitest";
import { changesBetween } from "./changes";
import type { RouteDocument } from "./draft";

const target = (name: string, weight = 1) => ({
  upstream: null,
  deployment: name,
  model: null,
  weight,
});

const before: RouteDocument = {
  name: "coder",
  aliases: ["code"],
  targets: [target("a", 3), target("b", 1)],
  fallbacks: [{ on: ["refused", "5xx"], to: "tiny" }],
  affinity: "none",
  may_leave_house: false,
  max_output_tokens: null,
};

describe("what differs between two versions of a route", () => {
  it("is nothing when nothing does, however its steps are cut", () => {
    expect(changesBetween(before, before)).toEqual([]);
    const cut = {
      ...before,
      fallbacks: [
        { on: ["refused" as const], to: "tiny" },
        { on: ["5xx" as const], to: "tiny" },
      ],
    };
    expect(changesBetween(before, cut)).toEqual([]);
  });

  it("says a weight with the share it comes to", () => {
    const after = { ...before, targets: [target("a", 1), target("b", 1)] };
    expect(changesBetween(before, after)).toEqual([
      { word: "weight", target: target("a", 1), from: 3, to: 1, share: 0.5 },
    ]);
  });

  it("says which places came, went or moved", () => {
    const after = { ...before, targets: [target("b", 1), target("a", 3)] };
    expect(changesBetween(before, after)).toEqual([{ word: "order" }]);
    const other = { ...before, targets: [target("a", 3), target("c", 2)] };
    expect(changesBetween(before, other).map((change) => change.word)).toEqual([
      "targetAdded",
      "targetRemoved",
    ]);
  });

  it("folds causes that go the same way", () => {
    const after = { ...before, fallbacks: [{ on: ["429" as const], to: "big" }] };
    expect(changesBetween(before, after)).toEqual([
      { word: "fallbackRemoved", causes: ["refused", "5xx"], to: "tiny" },
      { word: "fallbackAdded", causes: ["429"], to: "big" },
    ]);
    const moved = {
      ...before,
      fallbacks: [{ on: ["refused" as const, "5xx" as const], to: "big" }],
    };
    expect(changesBetween(before, moved)).toEqual([
      { word: "fallbackMoved", causes: ["refused", "5xx"], from: "tiny", to: "big" },
    ]);
  });

  it("says names and rules", () => {
    const after: RouteDocument = {
      ...before,
      name: "dev",
      aliases: ["gpt-4o"],
      affinity: "session",
      may_leave_house: true,
      max_output_tokens: 500,
    };
    expect(changesBetween(before, after)).toEqual([
      { word: "name", from: "coder", to: "dev" },
      { word: "aliasAdded", alias: "gpt-4o" },
      { word: "aliasRemoved", alias: "code" },
      { word: "affinity", to: "session" },
      { word: "house", may: true },
      { word: "maxOutput", from: null, to: 500 },
    ]);
  });
});
