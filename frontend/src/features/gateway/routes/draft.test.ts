import { describe, expect, it } from "vitest";
import {
  documentFrom,
  draftOf,
  emptyRoute,
  emptyStep,
  isByRoom,
  isRouteName,
  problemsOf,
  type RouteDraft,
  readTokens,
  sharesOf,
  takenCauses,
  toDocument,
} from "./draft";

const draft: RouteDraft = {
  ...emptyRoute(),
  name: "coder",
  targets: [
    { id: 1, place: "deployment:team:coder", model: "ignored here", weight: 3 },
    { id: 2, place: "upstream:away", model: " gpt ", weight: 1 },
  ],
  fallbacks: [{ id: 1, on: ["refused"], to: "tiny" }],
  aliases: ["code"],
  maxOutput: "4 096",
};

describe("a route that is edited", () => {
  it("becomes the document the API takes", () => {
    expect(toDocument(draft)).toEqual({
      name: "coder",
      aliases: ["code"],
      targets: [
        { upstream: null, deployment: "team:coder", model: null, weight: 3 },
        { upstream: "away", deployment: null, model: "gpt", weight: 1 },
      ],
      fallbacks: [{ on: ["refused"], to: "tiny" }],
      affinity: "none",
      may_leave_house: false,
      max_output_tokens: 4096,
    });
  });

  it("comes back from its document as it was", () => {
    const document = toDocument(draft);
    expect(toDocument(draftOf(document))).toEqual(document);
    expect(documentFrom({ ...document, targets: document.targets })).toEqual(document);
  });

  it("says what is still missing", () => {
    expect(problemsOf(draft)).toEqual([]);
    expect(problemsOf(emptyRoute())).toEqual(["noName", "noPlace"]);
    expect(problemsOf({ ...draft, fallbacks: [emptyStep()] })).toEqual(["stepNoRoute"]);
    expect(problemsOf({ ...draft, fallbacks: [{ id: 1, on: [], to: "a" }] })).toEqual([
      "stepNoCause",
    ]);
    expect(problemsOf({ ...draft, maxOutput: "many", aliases: ["no good"] })).toEqual([
      "alias",
      "maxOutput",
    ]);
    const idle = draft.targets.map((target) => ({ ...target, weight: 0 }));
    expect(problemsOf({ ...draft, targets: idle })).toEqual(["noWeight"]);
  });

  it("takes the same place twice only with another model", () => {
    const away = { id: 3, place: "upstream:away", model: "gpt", weight: 1 };
    const targets = [...draft.targets, away];
    expect(problemsOf({ ...draft, targets })).toEqual(["twice"]);
    const others = [...draft.targets, { ...away, model: "gpt-mini" }];
    expect(problemsOf({ ...draft, targets: others })).toEqual([]);
  });

  it("knows which names clients may ask for", () => {
    expect(isRouteName("org/model:7b")).toBe(true);
    expect(isRouteName("-x")).toBe(false);
    expect(isRouteName("two words")).toBe(false);
  });

  it("reads a limit by its digits", () => {
    expect(readTokens(" ")).toBeNull();
    expect(readTokens("32 000")).toBe(32000);
    expect(readTokens("0")).toBeUndefined();
  });
});

describe("weights and causes", () => {
  it("share the requests", () => {
    expect(sharesOf([{ weight: 3 }, { weight: 1 }])).toEqual([0.75, 0.25]);
    expect(sharesOf([{ weight: 0 }])).toEqual([0]);
  });

  it("draw nothing when they are equal", () => {
    expect(isByRoom([{ weight: 2 }, { weight: 2 }, { weight: 0 }])).toBe(true);
    expect(isByRoom([{ weight: 2 }, { weight: 1 }])).toBe(false);
  });

  it("offer a new step what is not taken yet", () => {
    expect(takenCauses([{ on: ["refused", "cold"] }, { on: ["cold"] }])).toEqual([
      "refused",
      "cold",
    ]);
    expect(emptyStep(["refused"]).on).toEqual(["5xx", "timeout"]);
    expect(emptyStep(["refused", "5xx", "timeout"]).on).toEqual(["429", "context", "cold"]);
  });
});
