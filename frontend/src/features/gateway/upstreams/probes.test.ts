import { describe, expect, it } from "vitest";
import type { UpstreamProbeOut } from "@/api/generated/schema";
import { lineOf, stretchesOf } from "./probes";

let id = 0;
function probe(minute: number, latency_ms: number | null, problem = "", model_count = 1) {
  id += 1;
  const at = `2026-03-10T12:${String(minute).padStart(2, "0")}:00Z`;
  return { id, at, latency_ms, problem, model_count, answered: !problem } as UpstreamProbeOut;
}

const NEWEST_FIRST = [
  probe(5, 30),
  probe(4, 10),
  probe(3, null, "It refused the connection.", 0),
  probe(2, null, "It refused the connection.", 0),
  probe(1, 20),
];

describe("the history of an upstream", () => {
  it("is a line with a gap where it did not answer", () => {
    const line = lineOf(NEWEST_FIRST);
    expect(line.latency).toEqual([20, null, null, 10, 30]);
    expect(line.times[0]).toBe(Date.parse("2026-03-10T12:01:00Z") / 1000);
    expect(lineOf([])).toEqual({ times: [], latency: [] });
  });

  it("folds what stayed the same", () => {
    const stretches = stretchesOf(NEWEST_FIRST);
    expect(stretches.map((one) => [one.answered, one.probes, one.latency])).toEqual([
      [true, 2, 20],
      [false, 2, null],
      [true, 1, 20],
    ]);
    expect(stretches[0]?.since).toBe("2026-03-10T12:04:00Z");
    expect(stretches[0]?.until).toBe("2026-03-10T12:05:00Z");
  });

  it("begins anew where other models are found", () => {
    expect(stretchesOf([probe(2, 5, "", 3), probe(1, 5, "", 2)])).toHaveLength(2);
  });
});
