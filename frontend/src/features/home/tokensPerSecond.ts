/** Tokens per second over the last hour, from single requests. Pure. */

export interface FinishedRequest {
  at: string;
  model: string;
  completion_tokens: number;
  total_ms: number;
}

interface SpeedSeries {
  /** Unix seconds, one per minute, oldest first. */
  times: number[];
  /** The busiest models first; the rest is together under `restName`. */
  series: { name: string; values: number[] }[];
}

const MINUTES = 60;
const NAMED = 3;

/** Spreads each request's tokens over the seconds it took, ending at `at`. */
export function tokensPerSecond(
  requests: readonly FinishedRequest[],
  now: number,
  restName: string,
): SpeedSeries {
  const end = Math.floor(now / 60_000) * 60_000;
  const start = end - MINUTES * 60_000;
  const times = Array.from({ length: MINUTES }, (_, index) => start / 1000 + index * 60);
  const byModel = new Map<string, number[]>();
  for (const request of requests) {
    const until = new Date(request.at).getTime();
    if (until < start || until - request.total_ms > end || request.completion_tokens <= 0) continue;
    const from = until - Math.max(1, request.total_ms);
    const row = byModel.get(request.model) ?? Array.from({ length: MINUTES }, () => 0);
    byModel.set(request.model, row);
    const first = Math.max(0, Math.floor((from - start) / 60_000));
    const last = Math.min(MINUTES - 1, Math.floor((until - start) / 60_000));
    for (let minute = first; minute <= last; minute++) {
      const begin = Math.max(from, start + minute * 60_000);
      const stop = Math.min(until, start + (minute + 1) * 60_000);
      const share = Math.max(0, stop - begin) / Math.max(1, until - from);
      row[minute] = (row[minute] ?? 0) + (request.completion_tokens * share) / 60;
    }
  }
  const sum = (row: number[]) => row.reduce((total, value) => total + value, 0);
  const ranked = [...byModel].sort(([, one], [, other]) => sum(other) - sum(one));
  const series = ranked.slice(0, NAMED).map(([name, values]) => ({ name, values }));
  const rest = ranked.slice(NAMED).map(([, values]) => values);
  if (rest.length > 0) {
    const values = times.map((_, index) =>
      rest.reduce((total, row) => total + (row[index] ?? 0), 0),
    );
    series.push({ name: restName, values });
  }
  return { times, series };
}
