/** The history of probes: as a line over time, and as the moments when something turned. Pure. */
import type { UpstreamProbeOut } from "@/api/generated/schema";

export interface ProbeLine {
  /** Unix seconds, oldest first. */
  times: number[];
  /** Milliseconds; null where it did not answer. */
  latency: (number | null)[];
}

/** From probes newest first. */
export function lineOf(probes: readonly UpstreamProbeOut[]): ProbeLine {
  const oldestFirst = [...probes].reverse();
  return {
    times: oldestFirst.map((probe) => Date.parse(probe.at) / 1000),
    latency: oldestFirst.map((probe) => (probe.answered ? probe.latency_ms : null)),
  };
}

/** A stretch in which every probe said the same. */
export interface Stretch {
  since: string;
  until: string;
  answered: boolean;
  problem: string;
  models: number;
  probes: number;
  /** The mean of what was answered. */
  latency: number | null;
}

/** Newest first: a new one begins where it answers or no longer does, or says something else. */
export function stretchesOf(probes: readonly UpstreamProbeOut[]): Stretch[] {
  const stretches: (Stretch & { sum: number; timed: number })[] = [];
  for (const probe of probes) {
    const last = stretches.at(-1);
    if (last && last.problem === probe.problem && last.models === probe.model_count) {
      last.since = probe.at;
      last.probes += 1;
      last.sum += probe.latency_ms ?? 0;
      last.timed += probe.latency_ms === null ? 0 : 1;
    } else {
      stretches.push({
        since: probe.at,
        until: probe.at,
        answered: probe.answered,
        problem: probe.problem,
        models: probe.model_count,
        probes: 1,
        latency: null,
        sum: probe.latency_ms ?? 0,
        timed: probe.latency_ms === null ? 0 : 1,
      });
    }
  }
  return stretches.map(({ sum, timed, ...stretch }) => ({
    ...stretch,
    latency: timed > 0 ? sum / timed : null,
  }));
}
