/** Folds bursts of events: whatever arrives within the pause becomes one call. Pure but for timers. */

export interface Hint {
  subject: string;
  subjectId: string;
}

interface FoldOptions {
  pauseMs: number;
  /** Gets every distinct hint since the last call. */
  flush: (hints: readonly Hint[]) => void;
  /** While it says no, hints are kept: a hidden tab waits until it is seen. */
  mayFlush?: () => boolean;
}

export interface Fold {
  add: (hints: readonly Hint[]) => void;
  /** Call when `mayFlush` may have turned to yes. */
  wake: () => void;
  stop: () => void;
}

/** The first hint goes through at once, what follows within the pause goes together after it. */
export function createFold({ pauseMs, flush, mayFlush = () => true }: FoldOptions): Fold {
  const waiting = new Map<string, Hint>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  function run(): void {
    timer = null;
    if (waiting.size === 0 || !mayFlush()) return;
    const hints = [...waiting.values()];
    waiting.clear();
    timer = setTimeout(run, pauseMs);
    flush(hints);
  }

  return {
    add(hints) {
      for (const hint of hints) waiting.set(`${hint.subject}\n${hint.subjectId}`, hint);
      if (timer === null) run();
    },
    wake() {
      if (timer === null) run();
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting.clear();
    },
  };
}
