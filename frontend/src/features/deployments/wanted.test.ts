import { describe, expect, it } from "vitest";
import type { NodeFitOut } from "@/api/generated/schema";
import {
  applyChanges,
  asApiCall,
  FIRST_DRAFT,
  freeName,
  inOrderOfRoom,
  isGoodName,
  longestThatFits,
  proposedName,
  shares,
  toDeployment,
  toPreview,
} from "./wanted";

function nodeFit(spare: number, context = 1000): NodeFitOut {
  return {
    node: { id: 1, name: "den" },
    fits: spare >= 0,
    sentence: "",
    needed_bytes: 0,
    available_bytes: 0,
    spare_bytes: spare,
    measured_bytes: null,
    parts: [
      { name: "weights", title: "", bytes: 500 },
      { name: "kv", title: "", bytes: context },
      { name: "compute", title: "", bytes: 50 },
    ],
    suggestions: [],
  };
}

describe("the name in the API", () => {
  it("is made from the title so that clients can type it", () => {
    expect(proposedName("Qwen3 4B Instruct (2507)")).toBe("qwen3-4b-instruct-2507");
    expect(proposedName("My Model.gguf")).toBe("my-model");
    expect(isGoodName(proposedName("Ünï!"))).toBe(true);
  });

  it("steps aside when it is taken", () => {
    expect(freeName("tiny", [])).toBe("tiny");
    expect(freeName("tiny", ["tiny", "tiny-2"])).toBe("tiny-3");
  });

  it("is refused where the API would refuse it", () => {
    expect(isGoodName("")).toBe(false);
    expect(isGoodName("-tiny")).toBe(false);
    expect(isGoodName("with space")).toBe(false);
    expect(isGoodName("team/tiny:q4")).toBe(true);
  });
});

describe("what is asked of the API", () => {
  it("unloads only when wanted", () => {
    expect(toPreview(FIRST_DRAFT, 3)).toMatchObject({ keep_warm: true, idle_seconds: null });
    const unloading = { ...FIRST_DRAFT, unloads: true, unloadMinutes: 5 };
    expect(toPreview(unloading, 3)).toMatchObject({ keep_warm: false, idle_seconds: 300 });
  });

  it("previews without a name that is not ready", () => {
    expect(toPreview({ ...FIRST_DRAFT, name: "bad name" }, 3).name).toBe("");
  });

  it("can be copied as a command that holds no secret", () => {
    const body = toDeployment({ ...FIRST_DRAFT, name: "tiny" }, 3, false);
    const command = asApiCall(body, "http://den:8000");
    expect(command).toContain("http://den:8000/api/deployments");
    expect(command).toContain('"ai_model":3');
    expect(command).toContain("$HEARTH_TOKEN");
    expect(command).not.toContain("force");
  });
});

describe("the answer", () => {
  it("is drawn in three shares", () => {
    expect(shares(nodeFit(1).parts ?? [])).toEqual({ weights: 500, context: 1000, working: 50 });
  });

  it("shows the roomiest node first", () => {
    const nodes = [nodeFit(-5), nodeFit(9), nodeFit(2)];
    expect(inOrderOfRoom(nodes).map((node) => node.spare_bytes)).toEqual([9, 2, -5]);
  });

  it("says the longest context that still fits", () => {
    expect(longestThatFits([512, 1024, 2048, 4096], 1024, nodeFit(1000))).toBe(2048);
    expect(longestThatFits([512, 1024, 2048], 1024, nodeFit(-500))).toBe(512);
    expect(longestThatFits([512], 1024, nodeFit(0, 0))).toBeNull();
  });

  it("takes over what is suggested", () => {
    const next = applyChanges(FIRST_DRAFT, { context_length: 2048, kv_type: "q8_0", other: 1 });
    expect(next).toEqual({ ...FIRST_DRAFT, contextLength: 2048, kvType: "q8_0" });
  });
});
