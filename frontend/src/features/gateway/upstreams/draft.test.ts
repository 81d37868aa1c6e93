import { describe, expect, it } from "vitest";
import type { UpstreamOut } from "@/api/generated/schema";
import { contextOf, draftOf, EMPTY, isReady, leavesOf, toAdd, toChange } from "./draft";
import { addressFor } from "./presets";

const stored = {
  name: "away",
  base_url: "https://api.example.com/v1",
  leaves_house: true,
  speaks: ["chat", "embeddings"],
  context_length: 8192,
} as UpstreamOut;

describe("a new upstream", () => {
  it("needs a name and an address", () => {
    expect(isReady(EMPTY)).toBe(false);
    expect(isReady({ ...EMPTY, name: "den", address: "http://den:8080/v1" })).toBe(true);
    expect(isReady({ ...EMPTY, name: " ", address: "http://den:8080/v1" })).toBe(false);
    expect(isReady({ ...EMPTY, name: "den", address: "den:8080" })).toBe(false);
  });

  it("leaves the house as its address looks, unless somebody says otherwise", () => {
    const away = { ...EMPTY, address: "https://api.example.com/v1" };
    expect(leavesOf(away)).toBe(true);
    expect(leavesOf({ ...away, leaves: false })).toBe(false);
    expect(leavesOf({ ...EMPTY, address: "http://192.168.1.4/v1" })).toBe(false);
  });

  it("sends what was typed, and what its kind speaks only if that was chosen", () => {
    const draft = { ...EMPTY, name: " a ", address: " https://a.example/v1 ", context: "32 768" };
    expect(toAdd(draft, "anthropic")).toEqual({
      name: "a",
      base_url: "https://a.example/v1",
      api_key: "",
      kind: "anthropic",
      leaves_house: null,
      context_length: 32768,
    });
    expect(toAdd({ ...draft, speaks: ["chat"] }, "vllm").speaks).toEqual(["chat"]);
  });

  it("knows a context length by its digits", () => {
    expect(contextOf("")).toBeNull();
    expect(contextOf("131 072")).toBe(131072);
    expect(contextOf("many")).toBeUndefined();
    expect(contextOf("0")).toBeUndefined();
  });

  it("begins with the address of its kind, and keeps what was typed", () => {
    expect(addressFor("openai", "")).toBe("https://api.openai.com/v1");
    expect(addressFor("anthropic", "https://api.openai.com/v1")).toContain("anthropic");
    expect(addressFor("vllm", "https://api.openai.com/v1")).toBe("");
    expect(addressFor("openai", "http://den/v1")).toBe("http://den/v1");
  });
});

describe("a changed upstream", () => {
  it("sends only what differs", () => {
    const draft = draftOf(stored);
    expect(toChange(draft, stored)).toEqual({});
    expect(toChange({ ...draft, speaks: ["embeddings", "chat"] }, stored)).toEqual({});
    expect(toChange({ ...draft, name: "afar", context: "" }, stored)).toEqual({
      name: "afar",
      context_length: null,
    });
  });

  it("keeps the stored key unless a new one is typed or it is taken away", () => {
    const draft = draftOf(stored);
    expect(toChange({ ...draft, key: "sk-1" }, stored)).toEqual({ api_key: "sk-1" });
    expect(toChange({ ...draft, key: "sk-1", withoutKey: true }, stored)).toEqual({ api_key: "" });
  });
});
