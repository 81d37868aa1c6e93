import { describe, expect, it } from "vitest";
import { addLines, EMPTY_LOG, findMatches, type LogLine, visibleLines } from "./logBuffer";

function line(sequence: number, more: Partial<LogLine> = {}): LogLine {
  return { sequence, at: "", step: "fetch", level: "info", text: `line ${sequence}`, ...more };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index));

describe("adding lines", () => {
  it("loses and doubles nothing over fifty overlapping pages", () => {
    let buffer = EMPTY_LOG;
    for (let page = 0; page < 50; page++) {
      // Each reconnect asks a little too early and gets its page in any order.
      const from = Math.max(1, page * 20 - 7);
      buffer = addLines(buffer, range(from, page * 20 + 20).reverse());
    }
    expect(buffer.lines.map((one) => one.sequence)).toEqual(range(1, 1000).map((l) => l.sequence));
    expect(buffer.lastSequence).toBe(1000);
  });

  it("keeps the same buffer when nothing is new, so that nothing draws again", () => {
    const buffer = addLines(EMPTY_LOG, range(1, 3));
    expect(addLines(buffer, range(1, 3))).toBe(buffer);
  });

  it("drops a line that one page holds twice", () =>
    expect(addLines(EMPTY_LOG, [line(1), line(1), line(2)]).lines).toHaveLength(2));
});

describe("what is shown", () => {
  const lines = [
    line(1),
    line(2, { level: "warning" }),
    line(3, { level: "error", step: "start" }),
    line(4, { level: "debug" }),
  ];
  const shown = (view: Parameters<typeof visibleLines>[1]) =>
    visibleLines(lines, view).map((one) => one.sequence);

  it("is everything at first", () =>
    expect(shown({ level: "all", clearedUpTo: 0 })).toEqual([1, 2, 3, 4]));
  it("is a level and worse", () =>
    expect(shown({ level: "warning", clearedUpTo: 0 })).toEqual([2, 3]));
  it("is one step", () =>
    expect(shown({ level: "all", step: "start", clearedUpTo: 0 })).toEqual([3]));
  it("is what came after clearing", () =>
    expect(shown({ level: "all", clearedUpTo: 2 })).toEqual([3, 4]));
});

describe("finding", () => {
  it("ignores case", () =>
    expect(findMatches([{ text: "NVIDIA" }, { text: "x" }], "nvidia")).toEqual([0]));
  it("finds nothing for nothing", () => expect(findMatches([{ text: "x" }], "  ")).toEqual([]));
  it("goes through 100 000 lines in no time", () => {
    const many = range(1, 100_000);
    const began = performance.now();
    expect(findMatches(many, "line 99999")).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
