import { describe, expect, it } from "vitest";
import { daysAgo, fillBuckets, toCsv, totalsOf } from "./today";

const group = {
  requests: 4,
  failed: 1,
  prompt_tokens: 100,
  completion_tokens: 40,
  first_byte_ms: 200,
};

describe("usage", () => {
  it("adds up, and weighs the first token by what succeeded", () => {
    const other = { ...group, requests: 1, failed: 0, first_byte_ms: 600 };
    expect(totalsOf([group, other])).toEqual({
      requests: 5,
      failed: 1,
      promptTokens: 200,
      completionTokens: 80,
      firstByteMs: 300,
    });
    expect(totalsOf([]).firstByteMs).toBeNull();
    expect(totalsOf([{ ...group, requests: 1, failed: 1 }]).firstByteMs).toBeNull();
  });

  it("begins on the hour, and on the day when it spans several", () => {
    const now = new Date("2026-03-10T14:37:12Z");
    expect(daysAgo(1, now)).toBe("2026-03-09T14:00:00.000Z");
    expect(daysAgo(7, now)).toBe("2026-03-03T00:00:00.000Z");
  });

  it("shows hours without requests as zero", () => {
    const groups = [{ ...group, group_id: "2026-03-10T11:00:00+00:00" }];
    const buckets = fillBuckets(
      groups,
      "hour",
      "2026-03-10T10:00:00Z",
      new Date("2026-03-10T12:30:00Z"),
    );
    expect(buckets.map((bucket) => bucket.requests)).toEqual([0, 4, 0]);
    expect(buckets[1]?.at).toBe(Date.parse("2026-03-10T11:00:00Z") / 1000);
  });

  it("is saved so that a spreadsheet reads it and runs nothing", () => {
    expect(toCsv(["key", "requests"], [['My "own", key', 3]])).toBe(
      'key,requests\n"My ""own"", key",3',
    );
    expect(toCsv(["key"], [["=1+1"]])).toBe("key\n'=1+1");
  });
});
