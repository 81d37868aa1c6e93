import { describe, expect, it } from "vitest";
import type { UsageSeriesOut } from "@/api/generated/schema";
import { perMinute } from "./perMinute";

const times = ["2026-03-10T12:28:00Z", "2026-03-10T12:29:00Z", "2026-03-10T12:30:00Z"];

function sums(requests: number[], first_byte_p95: (number | null)[] = [null, null, null]) {
  const none = [0, 0, 0];
  return {
    requests,
    failed: [0, 1, 0],
    prompt_tokens: none,
    completion_tokens: none,
    cached_tokens: none,
    tokens_per_second: none,
    first_byte_ms: first_byte_p95,
    first_byte_p95,
  };
}

const hour = {
  times,
  series: [
    { name: "tiny/1", rest: false, ...sums([1, 0, 1]) },
    { name: "tiny/2", rest: false, ...sums([0, 4, 0]) },
    { name: "gone/1", rest: false, ...sums([0, 0, 0]) },
    { name: "", rest: true, ...sums([0, 1, 0]) },
  ],
  total: sums([1, 5, 1], [null, 300, null]),
} as UsageSeriesOut;

describe("the last hour of a deployment", () => {
  it("shows each replica, the busiest first, and leaves out who did nothing", () => {
    const { byReplica } = perMinute(hour, "others");
    expect(byReplica.map((one) => one.name)).toEqual(["tiny/2", "tiny/1", "others"]);
    expect(byReplica[1]?.values).toEqual([1, 0, 1]);
  });

  it("counts everything together", () => {
    const { total, failed, times: drawn } = perMinute(hour, "others");
    expect([total, failed]).toEqual([7, 1]);
    expect(drawn.at(-1)).toBe(Date.parse("2026-03-10T12:30:00Z") / 1000);
  });

  it("keeps the last first token until the next answer", () => {
    expect(perMinute(hour, "others").firstToken).toEqual([null, 0.3, 0.3]);
  });
});
