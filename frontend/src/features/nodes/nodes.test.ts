import { describe, expect, it } from "vitest";
import { linesOf } from "./chart";
import { countStates, matchesNode } from "./filters";
import { shortProcessor, widestInstructions } from "./hardwareWords";
import { cardMemory, modelMemory, shareOf } from "./memory";

const GB = 1e9;

describe("model memory", () => {
  const main = { memory_total: 16 * GB, memory_available: 12 * GB };

  it("is main memory without a card", () => {
    expect(modelMemory({ ...main, gpus: [] })).toEqual({ used: 4 * GB, total: 16 * GB });
  });

  it("is all cards together where there are some", () => {
    const gpus = [
      { memory_total: 24 * GB, memory_free: 4 * GB },
      { memory_total: 12 * GB, memory_free: 12 * GB },
    ];
    expect(modelMemory({ ...main, gpus })).toEqual({ used: 20 * GB, total: 36 * GB });
  });

  it("does not count a card that says nothing about its memory", () => {
    const gpus = [{ memory_total: null, memory_free: null }];
    expect(cardMemory({ ...main, gpus })).toBeNull();
    expect(shareOf(modelMemory({ ...main, gpus }))).toBe(0.25);
  });
});

describe("the lines of the chart", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  const span = { seconds: 3600, bucketSeconds: 30, now };
  const sample = (secondsAgo: number, cpu: number) => ({
    at: new Date(now - secondsAgo * 1000).toISOString(),
    cpu_share: cpu,
    memory_total: 100,
    memory_available: 25,
  });

  it("reach over the whole span", () => {
    const { times } = linesOf([sample(60, 0.5)], span);
    expect(times[0]).toBe(now / 1000 - 3600);
    expect(times.at(-1)).toBe(now / 1000);
  });

  it("are percent", () => {
    const { processor, memory } = linesOf([sample(60, 0.5)], span);
    expect(processor[1]).toBe(50);
    expect(memory[1]).toBe(75);
  });

  it("break where samples are missing", () => {
    const { processor } = linesOf([sample(600, 0.1), sample(570, 0.2), sample(60, 0.3)], span);
    expect(processor).toEqual([null, 10, 20, null, 30, null]);
  });

  it("leave out a bucket that comes twice", () => {
    const { times } = linesOf([sample(60, 0.1), sample(60, 0.2)], span);
    expect(times).toHaveLength(3);
  });
});

describe("the list", () => {
  const node = {
    name: "oak",
    address: "192.168.1.21",
    state: "ready",
    power: "on",
    hardware: "Intel i5-9600K · RTX 3090",
    labels: { site: "cellar" },
  };

  it("counts a sleeping machine as asleep, and frequent states first", () => {
    const nodes = [node, { ...node, power: "asleep" }, node, { ...node, state: "unreachable" }];
    expect(countStates(nodes)).toEqual([
      { state: "ready", count: 2 },
      { state: "asleep", count: 1 },
      { state: "unreachable", count: 1 },
    ]);
  });

  it("finds a machine by name, address, hardware and label", () => {
    expect(matchesNode(node, "OAK rtx")).toBe(true);
    expect(matchesNode(node, "1.21 site:cellar")).toBe(true);
    expect(matchesNode(node, "oak elm")).toBe(false);
  });
});

describe("hardware in words", () => {
  it("drops what nobody reads from a processor's name", () => {
    expect(shortProcessor("Intel(R) Core(TM) i7-6700 CPU @ 3.40GHz")).toBe("Intel Core i7-6700");
    expect(shortProcessor("AMD Ryzen 5 5600G 6-Core Processor")).toBe("AMD Ryzen 5 5600G");
  });

  it("names the widest instructions", () => {
    expect(widestInstructions(["SSE4.2", "AVX", "AVX2"])).toBe("AVX2");
    expect(widestInstructions(["AVX-512 VNNI", "AVX2"])).toBe("AVX-512");
    expect(widestInstructions([])).toBe("");
  });
});
