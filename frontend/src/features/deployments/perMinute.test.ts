import { describe, expect, it } from "vitest";
import { perMinute, type Seen } from "./perMinute";

const now = Date.parse("2026-03-10T12:30:30Z");

function seen(at: string, served_by = "tiny/1", status = 200, first_byte_ms = 100): Seen {
  return { at: `2026-03-10T${at}Z`, served_by, status, first_byte_ms };
}

describe("the last hour of a deployment", () => {
  it("is sixty minutes up to now, also when nothing was asked", () => {
    const empty = perMinute([], now);
    expect(empty.times).toHaveLength(60);
    expect(empty.times.at(-1)).toBe(Date.parse("2026-03-10T12:30:00Z") / 1000);
    expect(empty.byReplica).toEqual([]);
    expect(empty.firstToken.every((value) => value === null)).toBe(true);
  });

  it("counts each replica's requests in their minute and leaves older ones out", () => {
    const minutes = perMinute(
      [seen("12:30:01"), seen("12:30:20", "tiny/2"), seen("12:29:59"), seen("11:30:00")],
      now,
    );
    expect(minutes.total).toBe(3);
    expect(minutes.byReplica.map((series) => series.name)).toEqual(["tiny/1", "tiny/2"]);
    expect(minutes.byReplica[0]?.values.slice(-2)).toEqual([1, 1]);
    expect(minutes.byReplica[1]?.values.slice(-2)).toEqual([0, 1]);
  });

  it("judges the first token by what was answered", () => {
    const answered = Array.from({ length: 20 }, (_, index) =>
      seen("12:30:05", "tiny/1", 200, (index + 1) * 10),
    );
    const minutes = perMinute([...answered, seen("12:30:06", "tiny/1", 503, 9000)], now);
    expect(minutes.failed).toBe(1);
    expect(minutes.firstToken.at(-1)).toBeCloseTo(0.19);
    expect(minutes.firstToken.at(-2)).toBeNull();
  });

  it("keeps the last first token until the next answer", () => {
    const minutes = perMinute([seen("12:10:05", "tiny/1", 200, 300)], now);
    expect(minutes.firstToken.at(-1)).toBe(0.3);
    expect(minutes.firstToken.at(0)).toBeNull();
  });
});
