/** What the palette finds and in which order. Pure. */
import type { IconType } from "@/ui/icons";
import type { Tone } from "@/ui/Mark";

export interface Command {
  id: string;
  group: string;
  label: string;
  /** Dim words on the right: state, or why it is impossible now. */
  note?: string;
  /** More words to be found by. */
  also?: string;
  icon?: IconType;
  tone?: Tone;
  /** An address of the console; with ⌘↵ it opens in a new tab. */
  to?: string;
  run?: () => void;
  isOff?: boolean;
}

/**
 * How well typed words match, higher is better, 0 not at all. Every word must occur; at the start of
 * the label counts most, then at the start of a word, then anywhere.
 */
export function scoreOf(command: Pick<Command, "label" | "also">, typed: string): number {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const label = command.label.toLowerCase();
  const text = `${label} ${(command.also ?? "").toLowerCase()}`;
  let score = 1;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    const startsWord = new RegExp(`(^|[^\\p{L}\\p{N}])${escaped(word)}`, "u").test(text);
    score += at === 0 ? 8 : startsWord ? 4 : 1;
    if (label === word) score += 8;
  }
  return score;
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const SHOWN_PER_GROUP = 6;
const SHOWN_GROUPS = 6;

/** Matching commands in their groups, the best group first. */
export function search(commands: readonly Command[], typed: string): [string, Command[]][] {
  const found = commands
    .map((command, index) => ({ command, index, score: scoreOf(command, typed) }))
    .filter((one) => one.score > 0);
  if (typed.trim()) {
    found.sort((one, other) => other.score - one.score || one.index - other.index);
  }
  const groups = new Map<string, Command[]>();
  for (const { command } of found) {
    const group = groups.get(command.group) ?? [];
    groups.set(command.group, group);
    if (group.length < SHOWN_PER_GROUP) group.push(command);
  }
  return [...groups].slice(0, SHOWN_GROUPS);
}
