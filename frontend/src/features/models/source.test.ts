import { describe, expect, it } from "vitest";
import { isReadyToSend, type SourceDraft, sourceOf } from "./source";

const SHA = "a".repeat(64);
const draft: SourceDraft = { way: "path", name: "", path: "", url: "", sha256: "", file: null };

describe("importing a model", () => {
  it("waits until what is needed is there", () => {
    expect(isReadyToSend(draft)).toBe(false);
    expect(isReadyToSend({ ...draft, path: " /srv/a.gguf " })).toBe(true);
    expect(isReadyToSend({ ...draft, way: "upload" })).toBe(false);
    expect(isReadyToSend({ ...draft, way: "url", url: "not an address" })).toBe(false);
    const address = { ...draft, way: "url" as const, url: "https://host/a.gguf" };
    expect(isReadyToSend(address)).toBe(true);
    expect(isReadyToSend({ ...address, sha256: "abc" })).toBe(false);
    expect(isReadyToSend({ ...address, sha256: SHA })).toBe(true);
  });

  it("sends exactly one source", () => {
    expect(sourceOf({ ...draft, path: " /srv/a.gguf ", url: "https://left.over" })).toEqual({
      name: "",
      source: { path: "/srv/a.gguf" },
      accept_licence: false,
    });
    expect(
      sourceOf({ ...draft, way: "url", url: "https://host/a.gguf", sha256: SHA.toUpperCase() })
        .source,
    ).toEqual({ url: "https://host/a.gguf", sha256: SHA });
  });
});
