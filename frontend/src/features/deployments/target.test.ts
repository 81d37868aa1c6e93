import { describe, expect, it } from "vitest";
import type { AiModelOut, CatalogueEntryOut } from "@/api/generated/schema";
import { findTarget, firstVersion } from "./target";

const entry = {
  name: "qwen3-4b",
  title: "Qwen3 4B",
  parameter_count: 4e9,
  context_length: 32768,
  licence: { id: "apache-2.0", name: "Apache 2.0" },
  versions: [
    { name: "Q3_K_S", quantisation: "", size_bytes: 2e9, fit: { fits: true } },
    { name: "Q4_K_M", size_bytes: 3e9, recommended: true, fit: { fits: false } },
    { name: "Q8_0", size_bytes: 5e9, fit: { fits: false }, ai_model_id: 7 },
  ],
} as unknown as CatalogueEntryOut;
const copy = { id: 7, name: "Qwen3 4B Q8_0", catalogue_name: "qwen3-4b", state: "ready" };
const own = { id: 9, name: "mine", catalogue_name: "", quantisation: "F16", state: "ready" };
const rows = [copy, own] as unknown as AiModelOut[];

describe("what can be deployed", () => {
  it("is found under the entry's name, a copy's name and its number", () => {
    for (const name of ["qwen3-4b", "Qwen3 4B", "Qwen3 4B Q8_0", "7"]) {
      expect(findTarget(name, [entry], rows)?.title).toBe("Qwen3 4B");
    }
    expect(findTarget("mine", [entry], rows)?.versions).toHaveLength(1);
    expect(findTarget("nothing", [entry], rows)).toBeNull();
  });

  it("begins with what is asked for, else what is here, else the best that fits", () => {
    const all = findTarget("qwen3-4b", [entry], rows);
    const none = findTarget("qwen3-4b", [{ ...entry, versions: entry.versions.slice(0, 2) }], []);
    if (!all || !none) throw new Error("not found");
    expect(firstVersion(all, "Q4_K_M")?.key).toBe("Q4_K_M");
    expect(firstVersion(all, undefined)?.key).toBe("Q8_0");
    expect(firstVersion(none, undefined)?.key).toBe("Q3_K_S");
  });

  it("knows of a copy that the list of models does not show yet", () => {
    expect(findTarget("qwen3-4b", [entry], [])?.versions[2]?.aiModel?.state).toBe("pending");
  });
});
