import { describe, expect, it } from "vitest";
import { stripAnsi } from "@/components/ansi";
import type { StepLike } from "./progress";
import { withStepNotes } from "./stepNotes";

const words = {
  title: (one: StepLike) => one.title,
  done: () => "done",
  stopped: () => "stopped",
  after: () => "3 s",
};

function step(name: string, state: string): StepLike {
  return {
    name,
    title: name.toUpperCase(),
    position: 1,
    state,
    detail: "",
    attempt: 1,
    started_at: null,
    finished_at: "2026-11-20T10:00:09Z",
  };
}

function line(sequence: number, name: string) {
  return {
    sequence,
    at: "2026-11-20T10:00:00Z",
    step: name,
    level: "info",
    text: `line ${sequence}`,
  };
}

function shown(lines: ReturnType<typeof line>[], steps: StepLike[]) {
  return withStepNotes(lines, steps, words).map((one) => stripAnsi(one.text));
}

describe("the marks in a log", () => {
  it("stand where a step begins and where it ended", () => {
    const lines = [line(1, ""), line(2, "fetch"), line(3, "fetch"), line(4, "check")];
    expect(shown(lines, [step("fetch", "succeeded"), step("check", "running")])).toEqual([
      "line 1",
      "",
      "▸ FETCH",
      "line 2",
      "line 3",
      "✓ done 3 s",
      "",
      "▸ CHECK",
      "line 4",
    ]);
  });

  it("begin a step again that a retry took up, and end it once", () => {
    const lines = [line(1, "fetch"), line(2, "check"), line(3, "fetch")];
    const texts = shown(lines, [step("fetch", "failed"), step("check", "pending")]);
    expect(texts.filter((text) => text === "▸ FETCH")).toHaveLength(2);
    expect(texts.filter((text) => text === "✗ stopped 3 s")).toHaveLength(1);
    expect(texts.at(-1)).toBe("✗ stopped 3 s");
  });

  it("do not interrupt a step for a line that belongs to none", () => {
    const lines = [line(1, "fetch"), line(2, ""), line(3, "fetch")];
    expect(shown(lines, [step("fetch", "running")])).toEqual([
      "▸ FETCH",
      "line 1",
      "line 2",
      "line 3",
    ]);
  });

  it("stand where a step began that wrote nothing", () => {
    const silent = { ...step("check", "failed"), started_at: "2026-11-20T10:00:05Z" };
    const error = { ...line(2, ""), at: "2026-11-20T10:00:06Z", text: "it failed" };
    expect(shown([line(1, "fetch"), error], [step("fetch", "succeeded"), silent])).toEqual([
      "▸ FETCH",
      "line 1",
      "✓ done 3 s",
      "",
      "▸ CHECK",
      "it failed",
    ]);
  });

  it("say of a step that wrote nothing that it is done", () => {
    const silent = { ...step("check", "succeeded"), started_at: "2026-11-20T09:59:55Z" };
    expect(shown([line(1, "fetch")], [silent, step("fetch", "running")])).toEqual([
      "▸ CHECK",
      "✓ done 3 s",
      "",
      "▸ FETCH",
      "line 1",
    ]);
  });

  it("end a step behind what was written about it until then", () => {
    const asked = { ...line(2, ""), at: "2026-11-20T10:00:08Z", text: "asked to stop" };
    const gone = { ...line(3, ""), at: "2026-11-20T10:00:10Z", text: "has stopped" };
    expect(shown([line(1, "fetch"), asked, gone], [step("fetch", "cancelled")])).toEqual([
      "▸ FETCH",
      "line 1",
      "asked to stop",
      "✗ stopped 3 s",
      "has stopped",
    ]);
  });

  it("keep the order and are told from written lines", () => {
    const lines = [line(1, "fetch"), line(2, "check")];
    const all = withStepNotes(lines, [step("fetch", "succeeded"), step("check", "failed")], words);
    const numbers = all.map((one) => one.sequence);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(all.filter((one) => !one.isNote).map((one) => one.sequence)).toEqual([1, 2]);
  });
});
