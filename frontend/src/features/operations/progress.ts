/** How far an operation is, from its steps and the share that its job reports. */

export interface StepLike {
  name: string;
  title: string;
  position: number;
  state: string;
  detail: string;
  attempt: number;
  started_at?: string | null | undefined;
  finished_at?: string | null | undefined;
}

interface OperationLike {
  state: string;
  progress?: number | null | undefined;
  attempt: number;
}

const ROUGHLY_KNOWN_FROM = 0.1;
const ELAPSED_AT_LEAST_MS = 4000;

/** The step that counts now: the one that runs, else that stopped it, else the next one. */
export function currentStep<Step extends StepLike>(steps: readonly Step[]): Step | undefined {
  return (
    steps.find((step) => step.state === "running") ??
    steps.find((step) => step.state === "failed" || step.state === "cancelled") ??
    steps.find((step) => step.state === "pending")
  );
}

/** Where a retry begins: the first step that has not succeeded. */
export function nextStep<Step extends StepLike>(steps: readonly Step[]): Step | undefined {
  return steps.find((step) => step.state !== "succeeded");
}

export function doneCount(steps: readonly StepLike[]): number {
  return steps.filter((step) => step.state === "succeeded").length;
}

/** 0 to 1: what the job says of its current step, else the steps that are done. */
export function shareDone(operation: OperationLike, steps: readonly StepLike[]): number {
  if (operation.state === "succeeded") return 1;
  if (reportsShare(operation)) return operation.progress ?? 0;
  return steps.length === 0 ? 0 : doneCount(steps) / steps.length;
}

/** A share of exactly 1 is left over from the step before. */
function reportsShare(operation: OperationLike): boolean {
  return operation.state === "running" && (operation.progress ?? 1) < 1;
}

/**
 * Milliseconds left of the running step at its pace so far, or null while that is a guess. A later
 * attempt begins with what an earlier one left, so its pace says nothing.
 */
export function timeLeft(
  operation: OperationLike,
  step: StepLike | undefined,
  now: number,
): number | null {
  const share = operation.progress;
  if (!reportsShare(operation) || !share || share < ROUGHLY_KNOWN_FROM) return null;
  if (!step?.started_at || step.state !== "running" || operation.attempt > 1) return null;
  const elapsed = now - Date.parse(step.started_at);
  return elapsed < ELAPSED_AT_LEAST_MS ? null : (elapsed * (1 - share)) / share;
}

/** How long a step took, or takes so far; null before it has begun. */
export function stepDuration(step: StepLike, now: number): number | null {
  if (!step.started_at || step.state === "pending") return null;
  const end = step.finished_at ? Date.parse(step.finished_at) : now;
  return Math.max(0, end - Date.parse(step.started_at));
}

interface Move {
  at: string;
  source: string;
  title: string;
}

/**
 * The states that running attempts ended in, oldest first, from the moves in the timeline. Back in
 * the queue means that the worker was lost.
 */
export function endingsOf(moves: readonly Move[]): string[] {
  return moves
    .filter((move) => move.source === "state" && move.title.startsWith("running → "))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .map((move) => move.title.replace("running → ", ""))
    .map((state) => (state === "queued" ? "lost" : state));
}

export interface Attempt {
  number: number;
  /** Positions of the first and last step that this attempt worked on. */
  from: number | null;
  to: number | null;
  isCurrent: boolean;
}

/**
 * The attempts, newest first. A step remembers only the last attempt that worked on it, so an
 * earlier attempt is known from where the one after it took over.
 */
export function attemptsOf(operation: OperationLike, steps: readonly StepLike[]): Attempt[] {
  const attempts: Attempt[] = [];
  let tookOverAt: number | null = null;
  for (let number = operation.attempt; number >= 1; number--) {
    const own = steps.filter((step) => step.attempt === number).map((step) => step.position);
    const from: number | null = own.length > 0 ? Math.min(...own) : null;
    const to: number | null = tookOverAt ?? (own.length > 0 ? Math.max(...own) : null);
    attempts.push({ number, from, to, isCurrent: number === operation.attempt });
    tookOverAt = from ?? tookOverAt;
  }
  return attempts;
}
