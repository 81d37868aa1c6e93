import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFold, type Hint } from "./fold";
import { retryDelay } from "./live";

const node = (id: string): Hint => ({ subject: "node", subjectId: id });

describe("folding", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("lets the first through at once and what follows once a second", () => {
    const flushed: number[] = [];
    const fold = createFold({ pauseMs: 1000, flush: (hints) => flushed.push(hints.length) });
    for (let round = 0; round < 100; round++) fold.add([node("1"), node("2")]);
    expect(flushed).toEqual([2]);
    vi.advanceTimersByTime(1000);
    expect(flushed).toEqual([2, 2]);
    vi.advanceTimersByTime(5000);
    expect(flushed).toEqual([2, 2]);
  });

  it("names a row once, however often it changed", () => {
    const flushed: (readonly Hint[])[] = [];
    const fold = createFold({ pauseMs: 1000, flush: (hints) => flushed.push(hints) });
    fold.add([node("1"), node("1"), node("1")]);
    expect(flushed).toEqual([[node("1")]]);
  });

  it("keeps what a hidden tab may not ask for until it is seen", () => {
    let isSeen = false;
    const flushed: (readonly Hint[])[] = [];
    const fold = createFold({
      pauseMs: 1000,
      mayFlush: () => isSeen,
      flush: (hints) => flushed.push(hints),
    });
    fold.add([node("1")]);
    vi.advanceTimersByTime(60_000);
    fold.add([node("2")]);
    expect(flushed).toEqual([]);
    isSeen = true;
    fold.wake();
    expect(flushed).toEqual([[node("1"), node("2")]]);
  });

  it("calls nobody after it was stopped", () => {
    const flush = vi.fn();
    const fold = createFold({ pauseMs: 1000, flush });
    fold.add([node("1")]);
    fold.add([node("2")]);
    fold.stop();
    vi.advanceTimersByTime(5000);
    expect(flush).toHaveBeenCalledTimes(1);
  });
});

describe("coming back", () => {
  it("waits longer each time, up to a limit", () => {
    const delays = [0, 1, 2, 3, 10].map((failures) => retryDelay(failures, 0.5));
    expect(delays).toEqual([500, 1000, 2000, 4000, 15_000]);
  });

  it("spreads by a quarter either way", () => {
    expect(retryDelay(2, 0)).toBe(1500);
    expect(retryDelay(2, 1)).toBe(2500);
  });
});
