import { describe, expect, it } from "vitest";
import { filterOf, readOnly, toGroup, toSpan, writeOnly } from "./view";

describe("the address of the usage page", () => {
  it("falls back to the first choice", () => {
    expect(toGroup(undefined)).toBe("key");
    expect(toGroup("nonsense")).toBe("key");
    expect(toSpan("30d")).toBe("30d");
  });

  it("carries one group by its id, whatever its name holds", () => {
    for (const only of [
      { group: "key", id: "7", name: "Ana: laptop" },
      { group: "model", id: "org/qwen3:30b", name: "org/qwen3:30b" },
    ] as const) {
      expect(readOnly(writeOnly(only))).toEqual(only);
    }
    expect(readOnly("planet:7:x")).toBeNull();
    expect(readOnly(undefined)).toBeNull();
  });

  it("asks the API for that group alone", () => {
    expect(filterOf({ group: "key", id: "7", name: "" })).toEqual({ key_id: 7 });
    expect(filterOf({ group: "node", id: "oak", name: "" })).toEqual({ node: "oak" });
    expect(filterOf(null)).toEqual({});
  });
});
