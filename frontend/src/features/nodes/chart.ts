/** Samples as lines of a chart: gaps stay gaps, and the whole span is shown. */

interface Sample {
  at: string;
  cpu_share: number;
  memory_total: number;
  memory_available: number;
}

export interface Lines {
  /** Unix seconds, ascending. */
  times: number[];
  processor: (number | null)[];
  memory: (number | null)[];
}

/** Percent over the last `seconds`. Where more than two buckets are missing, the lines break. */
export function linesOf(
  samples: readonly Sample[],
  { seconds, bucketSeconds, now }: { seconds: number; bucketSeconds: number; now: number },
): Lines {
  const lines: Lines = { times: [], processor: [], memory: [] };
  const end = Math.floor(now / 1000);
  const push = (time: number, processor: number | null, memory: number | null) => {
    lines.times.push(time);
    lines.processor.push(processor);
    lines.memory.push(memory);
  };
  let last = end - seconds;
  push(last, null, null);
  for (const sample of samples) {
    const time = Math.round(Date.parse(sample.at) / 1000);
    if (time <= last) continue;
    if (time - last > 2 * bucketSeconds && lines.times.length > 1) {
      push(last + bucketSeconds, null, null);
    }
    const used = sample.memory_total - sample.memory_available;
    push(time, sample.cpu_share * 100, (used / Math.max(1, sample.memory_total)) * 100);
    last = time;
  }
  if (last < end) push(end, null, null);
  return lines;
}
