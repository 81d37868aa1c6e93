import { describe, expect, it } from "vitest";
import { isFiltered, matchesWords, readFilters } from "./filters";

describe("filters in the address", () => {
  it("become what the API is asked for", () => {
    expect(readFilters({ state: "failed", subject: "node" })).toEqual({
      state: "failed",
      subject_type: "node",
    });
  });

  it("leave out words that nobody knows", () => {
    expect(readFilters({ state: "exploded", subject: "cat", q: "x" })).toEqual({});
  });

  it("count as filtered with a state, a subject or words", () => {
    expect(isFiltered({}, " ")).toBe(false);
    expect(isFiltered({ state: "failed" }, "")).toBe(true);
    expect(isFiltered({}, "qwen")).toBe(true);
  });

  it("match when every word is somewhere", () => {
    expect(matchesWords(["Deploy qwen3-4b", "ana"], "QWEN ana")).toBe(true);
    expect(matchesWords(["Deploy qwen3-4b", "ana"], "qwen bob")).toBe(false);
    expect(matchesWords(["anything"], "")).toBe(true);
  });
});
