/** Usage, summed and put into equal steps of time. Pure. */

export interface Counted {
  requests: number;
  failed: number;
  prompt_tokens: number;
  completion_tokens: number;
  first_byte_ms?: number | null;
}

export interface Totals {
  requests: number;
  failed: number;
  promptTokens: number;
  completionTokens: number;
  /** Mean over the requests that succeeded; null when none did. */
  firstByteMs: number | null;
}

export function totalsOf(groups: readonly Counted[]): Totals {
  let weight = 0;
  let weighted = 0;
  const totals = { requests: 0, failed: 0, promptTokens: 0, completionTokens: 0 };
  for (const group of groups) {
    totals.requests += group.requests;
    totals.failed += group.failed;
    totals.promptTokens += group.prompt_tokens;
    totals.completionTokens += group.completion_tokens;
    const succeeded = group.requests - group.failed;
    if (group.first_byte_ms != null && succeeded > 0) {
      weight += succeeded;
      weighted += group.first_byte_ms * succeeded;
    }
  }
  return { ...totals, firstByteMs: weight > 0 ? weighted / weight : null };
}

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The start of today, where the reader is. */
export function startOfToday(now = new Date()): string {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  return midnight.toISOString();
}

/** So many whole days back, on the hour, so that the question stays the same within the hour. */
export function daysAgo(days: number, now = new Date()): string {
  const at = new Date(now.getTime() - days * DAY_MS);
  at.setUTCMinutes(0, 0, 0);
  if (days > 1) at.setUTCHours(0);
  return at.toISOString();
}

export interface Bucket {
  /** Unix seconds. */
  at: number;
  promptTokens: number;
  completionTokens: number;
  requests: number;
}

interface Timed extends Counted {
  group_id?: number | string | null;
}

/** One bucket per hour or day from `from` until now; a step without requests is a zero. */
export function fillBuckets(
  groups: readonly Timed[],
  step: "hour" | "day",
  from: string,
  now = new Date(),
): Bucket[] {
  const size = step === "hour" ? HOUR_MS : DAY_MS;
  const floor = (ms: number) => Math.floor(ms / size) * size;
  const byTime = new Map<number, Timed>();
  for (const group of groups) byTime.set(floor(Date.parse(String(group.group_id))), group);
  const buckets: Bucket[] = [];
  for (let at = floor(Date.parse(from)); at <= now.getTime(); at += size) {
    const group = byTime.get(at);
    buckets.push({
      at: at / 1000,
      promptTokens: group?.prompt_tokens ?? 0,
      completionTokens: group?.completion_tokens ?? 0,
      requests: group?.requests ?? 0,
    });
  }
  return buckets;
}

/** Lines of comma-separated values; a cell is quoted where it has to be. */
export function toCsv(head: readonly string[], rows: readonly (string | number)[][]): string {
  const cell = (value: string | number) => {
    const text = String(value);
    // A spreadsheet would run a cell that begins like a formula.
    const safe = typeof value === "string" && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n");
}
