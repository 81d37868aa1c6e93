/** Requests of the last hour, put into minutes. Pure. */

export interface Seen {
  at: string;
  served_by: string;
  status: number;
  first_byte_ms: number;
}

export interface Minutes {
  /** Unix seconds of each minute's start, oldest first. */
  times: number[];
  /** Requests per minute by what served them, the busiest first. */
  byReplica: { name: string; values: number[] }[];
  /**
   * Seconds until the first byte that 95 of 100 stay below. A minute without an answer keeps the
   * last one's value; null before the first.
   */
  firstToken: (number | null)[];
  total: number;
  failed: number;
}

const MINUTE_MS = 60_000;
const SHOWN_MINUTES = 60;
const FAILED_FROM = 400;

export function perMinute(requests: readonly Seen[], now: number): Minutes {
  const last = Math.floor(now / MINUTE_MS);
  const first = last - SHOWN_MINUTES + 1;
  const counts = new Map<string, number[]>();
  const delays: number[][] = Array.from({ length: SHOWN_MINUTES }, () => []);
  let total = 0;
  let failed = 0;
  for (const request of requests) {
    const index = Math.floor(Date.parse(request.at) / MINUTE_MS) - first;
    if (index < 0 || index >= SHOWN_MINUTES) continue;
    total += 1;
    if (request.status >= FAILED_FROM) failed += 1;
    else delays[index]?.push(request.first_byte_ms / 1000);
    const values = counts.get(request.served_by) ?? new Array<number>(SHOWN_MINUTES).fill(0);
    values[index] = (values[index] ?? 0) + 1;
    counts.set(request.served_by, values);
  }
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  return {
    times: Array.from(
      { length: SHOWN_MINUTES },
      (_, index) => ((first + index) * MINUTE_MS) / 1000,
    ),
    byReplica: [...counts]
      .map(([name, values]) => ({ name, values }))
      .sort((one, other) => sum(other.values) - sum(one.values)),
    firstToken: keepLast(delays.map(percentile95)),
    total,
    failed,
  };
}

function keepLast(values: readonly (number | null)[]): (number | null)[] {
  let last: number | null = null;
  return values.map((value) => {
    last = value ?? last;
    return last;
  });
}

function percentile95(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
}
