import { describe, expect, it } from "vitest";
import { contextSteps, formatContext, nearestStep, usualContext } from "./context";

describe("context lengths", () => {
  it("are said in k where they are whole", () => {
    expect(formatContext(8192)).toBe("8k");
    expect(formatContext(40_960)).toBe("40k");
    expect(formatContext(1500)).toBe("1 500");
    expect(formatContext(131_072)).toBe("128k");
    expect(formatContext(null)).toBe("·");
  });

  it("double up to what the model was trained for", () => {
    expect(contextSteps(4096)).toEqual([512, 1024, 2048, 4096]);
    expect(contextSteps(3000)).toEqual([512, 1024, 2048, 3000]);
    expect(contextSteps(512)).toEqual([512]);
  });

  it("start at 4k, never above the model's own", () => {
    expect(usualContext(32_768)).toBe(4096);
    expect(usualContext(1024)).toBe(1024);
    expect(usualContext(null)).toBe(4096);
  });

  it("find the step a length belongs to", () => {
    const steps = contextSteps(4096);
    expect(nearestStep(steps, 2048)).toBe(2);
    expect(nearestStep(steps, 3000)).toBe(2);
    expect(nearestStep(steps, 100)).toBe(0);
  });
});
