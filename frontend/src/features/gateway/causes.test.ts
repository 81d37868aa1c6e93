import { describe, expect, it } from "vitest";
import { readFallbackReason, toCause } from "./causes";

describe("why a request moved on", () => {
  it("is read from the gateway's word", () => {
    expect(readFallbackReason("refused; from=coder")).toEqual({ cause: "refused", from: "coder" });
    expect(readFallbackReason("5xx; from=a=b")).toEqual({ cause: "5xx", from: "a=b" });
    expect(readFallbackReason("cold")).toEqual({ cause: "cold", from: "" });
    expect(readFallbackReason("")).toBeNull();
  });

  it("is one of six, or unknown", () => {
    expect(toCause("429")).toBe("429");
    expect(toCause("boredom")).toBeNull();
  });
});
