/** The lines of a log on the reader's side: keyed by sequence, so nothing doubles and nothing is lost. */

export interface LogLine {
  sequence: number;
  at: string;
  step: string;
  level: string;
  text: string;
  /** The viewer's own line between two written ones, such as where a step begins: not numbered. */
  isNote?: boolean;
}

export interface LogBuffer {
  readonly lines: readonly LogLine[];
  /** Ask the server for what comes after this. */
  readonly lastSequence: number;
}

export const EMPTY_LOG: LogBuffer = { lines: [], lastSequence: 0 };

/** Adds a page of lines. Lines that are there already, from an overlapping page, are dropped. */
export function addLines(buffer: LogBuffer, page: readonly LogLine[]): LogBuffer {
  const fresh = page.filter((line) => line.sequence > buffer.lastSequence);
  if (fresh.length === 0) return buffer;
  fresh.sort((one, other) => one.sequence - other.sequence);
  const unique = fresh.filter((line, index) => line.sequence !== fresh[index - 1]?.sequence);
  return {
    lines: buffer.lines.concat(unique),
    lastSequence: unique.at(-1)?.sequence ?? buffer.lastSequence,
  };
}

export type LevelFilter = "all" | "info" | "warning" | "error";

const RANK: Record<string, number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 3 };
const LEAST: Record<LevelFilter, number> = { all: 0, info: 1, warning: 2, error: 3 };

interface View {
  level: LevelFilter;
  /** Only lines of this step; undefined shows all. */
  step?: string | undefined;
  /** Lines up to this sequence are hidden, for this reader only. */
  clearedUpTo: number;
}

export function visibleLines(lines: readonly LogLine[], view: View): readonly LogLine[] {
  if (view.level === "all" && !view.step && view.clearedUpTo === 0) return lines;
  const least = LEAST[view.level];
  return lines.filter(
    (line) =>
      line.sequence > view.clearedUpTo &&
      (!view.step || line.step === view.step) &&
      (RANK[line.level] ?? 1) >= least,
  );
}

/** Indexes of the lines that hold the words, in any case. */
export function findMatches(lines: readonly { text: string }[], words: string): number[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const found: number[] = [];
  lines.forEach((line, index) => {
    if (line.text.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}
