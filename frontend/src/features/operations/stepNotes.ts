/** Marks in a log where each step begins and how it ended, as the steps themselves say it. */
import type { LogLine } from "@/components/logBuffer";
import type { StepLike } from "./progress";

const EMBER = "\u001b[1;35m";
const GREEN = "\u001b[32m";
const RED = "\u001b[31m";
const DIM = "\u001b[2m";
const PLAIN = "\u001b[0m";

export interface NoteWords {
  title: (step: StepLike) => string;
  /** What stands after the mark: "done", then how long it took and what it said. */
  done: (step: StepLike) => string;
  stopped: (step: StepLike) => string;
  after: (step: StepLike) => string;
}

/**
 * The lines with a mark before the first of each step and behind the last of each ended one. A step
 * that wrote nothing is marked where it began.
 *
 * Marks sit between two numbers, so they sort like lines and are never taken for one.
 */
export function withStepNotes(
  lines: readonly LogLine[],
  steps: readonly StepLike[],
  words: NoteWords,
): readonly LogLine[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const lastOf = new Map<string, number>();
  lines.forEach((line, index) => {
    if (line.step) lastOf.set(line.step, index);
  });
  const shown: LogLine[] = [];
  const silent = steps.filter((step) => step.started_at && !lastOf.has(step.name));
  let before = "";
  let ended: StepLike | undefined;
  lines.forEach((line, index) => {
    const previous = lines[index - 1];
    const silentHere = silent.filter((step) => beganBetween(step, previous, line));
    const isOver = line.step || silentHere.length > 0 || isAfter(line.at, ended?.finished_at);
    if (ended && previous && isOver) {
      shown.push(...endNote(ended, previous, words));
      ended = undefined;
    }
    silentHere.forEach((step, nth) => {
      const offset = -0.9 + nth * 0.02;
      const at = step.started_at ?? line.at;
      if (shown.length > 0) shown.push(note(line, offset, ""));
      shown.push({ ...note(line, offset + 0.01, heading(step, words)), at, step: step.name });
      if (step.state === "succeeded") {
        const [end] = endNote(step, line, words);
        if (end) shown.push({ ...end, sequence: line.sequence + offset + 0.015 });
      }
      before = step.name;
    });
    const step = byName.get(line.step);
    if (step && line.step !== before) {
      if (shown.length > 0) shown.push(note(line, -0.4, ""));
      shown.push(note(line, -0.2, heading(step, words)));
    }
    shown.push(line);
    before = line.step || before;
    if (step && lastOf.get(line.step) === index) ended = step;
  });
  const last = lines.at(-1);
  if (ended && last) shown.push(...endNote(ended, last, words));
  return shown;
}

function beganBetween(step: StepLike, line: LogLine | undefined, next: LogLine): boolean {
  const began = Date.parse(step.started_at ?? "");
  return began <= Date.parse(next.at) && (!line || began > Date.parse(line.at));
}

function heading(step: StepLike, words: NoteWords): string {
  return `${EMBER}▸ ${words.title(step)}${PLAIN}`;
}

/** How a step ended, right behind the line that was the last one then. */
function endNote(step: StepLike, beside: LogLine, words: NoteWords): LogLine[] {
  const rest = `${DIM}${words.after(step)}${PLAIN}`;
  const at = step.finished_at ?? beside.at;
  if (step.state === "succeeded") {
    return [{ ...note(beside, 0.05, `${GREEN}✓ ${words.done(step)}${PLAIN} ${rest}`), at }];
  }
  if (step.state === "failed" || step.state === "cancelled") {
    return [{ ...note(beside, 0.05, `${RED}✗ ${words.stopped(step)}${PLAIN} ${rest}`), at }];
  }
  return [];
}

function isAfter(moment: string, other: string | null | undefined): boolean {
  return Boolean(other) && Date.parse(moment) > Date.parse(other ?? "");
}

function note(beside: LogLine, offset: number, text: string): LogLine {
  return {
    sequence: beside.sequence + offset,
    at: beside.at,
    step: beside.step,
    level: "info",
    text,
    isNote: true,
  };
}
