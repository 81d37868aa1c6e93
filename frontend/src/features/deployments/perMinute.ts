/** The last hour of a deployment, as its charts draw it. Pure. */
import type { UsageSeriesOut } from "@/api/generated/schema";

export interface Minutes {
  /** Unix seconds of each minute's start, oldest first. */
  times: number[];
  /** Requests per minute by what served them, the busiest first; without a name: nobody did. */
  byReplica: { name: string; values: number[] }[];
  /**
   * Seconds until the first byte that 95 of 100 stay below. A minute without an answer keeps the
   * last one's value; null before the first.
   */
  firstToken: (number | null)[];
  total: number;
  failed: number;
}

export function perMinute({ times, series, total }: UsageSeriesOut, rest: string): Minutes {
  return {
    times: times.map((at) => Date.parse(at) / 1000),
    byReplica: series
      .map((one) => ({ name: one.rest ? rest : one.name, values: one.requests }))
      .filter((one) => sum(one.values) > 0)
      .sort((one, other) => sum(other.values) - sum(one.values)),
    firstToken: keepLast(total.first_byte_p95.map((ms) => (ms === null ? null : ms / 1000))),
    total: sum(total.requests),
    failed: sum(total.failed),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function keepLast(values: readonly (number | null)[]): (number | null)[] {
  let last: number | null = null;
  return values.map((value) => {
    last = value ?? last;
    return last;
  });
}
