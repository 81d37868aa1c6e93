import { describe, expect, it } from "vitest";
import { FIRST_ROUTE, isReadyRoute, type RouteDraft, sharesOf, toRoute } from "./routeDraft";

const draft: RouteDraft = {
  ...FIRST_ROUTE,
  name: "coder",
  targets: [
    { id: 1, place: "deployment:team:coder", model: "ignored here", weight: 3 },
    { id: 2, place: "upstream:away", model: " gpt ", weight: 1 },
  ],
};

describe("a new route", () => {
  it("needs a name, a place for every target and a weight", () => {
    expect(isReadyRoute(FIRST_ROUTE)).toBe(false);
    expect(isReadyRoute(draft)).toBe(true);
    expect(isReadyRoute({ ...draft, name: "with space" })).toBe(false);
    const none = draft.targets.map((target) => ({ ...target, weight: 0 }));
    expect(isReadyRoute({ ...draft, targets: none })).toBe(false);
    expect(isReadyRoute({ ...draft, fallbackTo: "big", fallbackOn: [] })).toBe(false);
  });

  it("names each target as what it is", () => {
    expect(toRoute({ ...draft, fallbackTo: "big" })).toEqual({
      name: "coder",
      targets: [
        { deployment: "team:coder", upstream: null, model: null, weight: 3 },
        { deployment: null, upstream: "away", model: "gpt", weight: 1 },
      ],
      fallbacks: [{ on: ["refused", "5xx", "timeout"], to: "big" }],
    });
  });

  it("shares requests by weight", () => {
    expect(sharesOf(draft.targets)).toEqual([0.75, 0.25]);
    expect(sharesOf([{ weight: 0 }])).toEqual([0]);
  });
});
