import { describe, expect, it } from "vitest";
import type { AiModelOut, CatalogueEntryOut, CatalogueVersionOut } from "@/api/generated/schema";
import { bestVersion, filterRows, modelRows, tasksOf } from "./catalogue";

function version(name: string, more: Partial<CatalogueVersionOut> = {}): CatalogueVersionOut {
  return {
    name,
    quantisation: name,
    file: `${name}.gguf`,
    size_bytes: 1e9,
    estimated: false,
    sha256: "",
    recommended: false,
    ai_model_id: null,
    ai_model_state: null,
    fit: null,
    ...more,
  };
}

function fit(fits: boolean) {
  return { fits, node: "den", sentence: "", spare_bytes: fits ? 1e9 : -1e9, context_length: 4096 };
}

function entry(name: string, versions: CatalogueVersionOut[], tasks = ["chat"]): CatalogueEntryOut {
  return {
    name,
    title: name.toUpperCase(),
    tasks,
    parameter_count: 1e9,
    context_length: 32768,
    licence: { id: "mit", name: "MIT" },
    versions,
  } as unknown as CatalogueEntryOut;
}

function aiModel(id: number, name: string, more: Partial<AiModelOut> = {}): AiModelOut {
  return { id, name, task: "chat", state: "ready", deployment_names: [], ...more } as AiModelOut;
}

describe("the version shown for an entry", () => {
  it("is the one that is here before the recommended one", () => {
    const here = version("Q8_0", { ai_model_id: 4, ai_model_state: "ready" });
    expect(bestVersion([version("Q4_K_M", { recommended: true }), here])?.name).toBe("Q8_0");
  });

  it("is the largest that fits when the recommended one does not", () => {
    const versions = [
      version("Q2_K", { size_bytes: 1e9, fit: fit(true) }),
      version("Q3_K", { size_bytes: 2e9, fit: fit(true) }),
      version("Q4_K_M", { size_bytes: 3e9, recommended: true, fit: fit(false) }),
    ];
    expect(bestVersion(versions)?.name).toBe("Q3_K");
  });

  it("is the recommended one when none fits", () => {
    const versions = [
      version("Q2_K", { fit: fit(false) }),
      version("Q4_K_M", { recommended: true, fit: fit(false) }),
    ];
    expect(bestVersion(versions)?.name).toBe("Q4_K_M");
  });
});

describe("the rows of the catalogue", () => {
  const rows = modelRows(
    [
      entry("tiny", [version("F16", { ai_model_id: 1, ai_model_state: "ready" })]),
      entry("big", [version("Q4_K_M", { fit: fit(false) })], ["code"]),
    ],
    [aiModel(1, "tiny", { deployment_names: ["tiny"] }), aiModel(2, "my own")],
  );

  it("hold imported models beside the shipped ones, each once", () => {
    expect(rows.map((row) => row.name)).toEqual(["my own", "tiny", "big"]);
    expect(rows[1]?.deploymentNames).toEqual(["tiny"]);
  });

  it("are found by task, words and fit", () => {
    const all = { task: "", words: "", onlyFitting: false };
    expect(filterRows(rows, { ...all, task: "code" }).map((row) => row.name)).toEqual(["big"]);
    expect(filterRows(rows, { ...all, words: "mit f16" }).map((row) => row.name)).toEqual(["tiny"]);
    expect(filterRows(rows, { ...all, onlyFitting: true }).map((row) => row.name)).toEqual([
      "my own",
      "tiny",
    ]);
  });

  it("say which tasks occur", () => {
    expect(tasksOf(rows)).toEqual(["chat", "code"]);
  });
});
