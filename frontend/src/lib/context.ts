/** Context lengths: the steps a person may choose, and how they are said. */

const SMALLEST = 512;
const USUAL = 4096;

/** "32k", "1 500". */
export function formatContext(tokens: number | null | undefined): string {
  if (!tokens) return "·";
  if (tokens >= 1024 && tokens % 1024 === 0) return `${tokens / 1024}k`;
  if (tokens >= 10_000) return `${Math.round(tokens / 1024)}k`;
  return String(tokens).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

/** Every doubling from 512 up to what the model was trained for, that one included. */
export function contextSteps(trainedFor: number | null | undefined): number[] {
  const last = trainedFor || 32_768;
  const steps: number[] = [];
  for (let tokens = SMALLEST; tokens < last; tokens *= 2) steps.push(tokens);
  steps.push(last);
  return steps;
}

/** What is proposed at first: 4 096, or less where the model was trained for less. */
export function usualContext(trainedFor: number | null | undefined): number {
  return Math.min(trainedFor || USUAL, USUAL);
}

/** The index of the step at or just below a length. */
export function nearestStep(steps: readonly number[], tokens: number): number {
  let index = 0;
  for (const [at, step] of steps.entries()) if (step <= tokens) index = at;
  return index;
}
