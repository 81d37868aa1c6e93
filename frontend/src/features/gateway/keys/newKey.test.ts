import { describe, expect, it } from "vitest";
import { FIRST_KEY, isReadyToIssue, toIssue } from "./newKey";

describe("a new key", () => {
  it("needs a name, and models when only some are allowed", () => {
    expect(isReadyToIssue(FIRST_KEY)).toBe(false);
    expect(isReadyToIssue({ ...FIRST_KEY, name: "laptop" })).toBe(true);
    expect(isReadyToIssue({ ...FIRST_KEY, name: "laptop", onlyModels: true })).toBe(false);
  });

  it("allows every model and never expires unless asked to", () => {
    expect(toIssue({ ...FIRST_KEY, name: " laptop ", models: ["left over"] })).toEqual({
      name: "laptop",
      models: null,
      expires_at: null,
    });
  });

  it("expires so many days from now", () => {
    const now = new Date("2026-03-10T12:00:00Z");
    const draft = { name: "ci", onlyModels: true, models: ["tiny"], lasts: "30" as const };
    expect(toIssue(draft, now)).toEqual({
      name: "ci",
      models: ["tiny"],
      expires_at: "2026-04-09T12:00:00.000Z",
    });
  });
});
