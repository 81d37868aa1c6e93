/** What the usage page shows, as its address says it. Pure. */
import { SPANS, type Span } from "./spans";

export const GROUPS = ["key", "user", "model", "route", "node"] as const;
export type Group = (typeof GROUPS)[number];
export const MEASURES = ["tokens", "requests"] as const;
export type Measure = (typeof MEASURES)[number];

function oneOf<Word extends string>(
  words: readonly [Word, ...Word[]],
  word: string | undefined,
): Word {
  return words.find((each) => each === word) ?? words[0];
}

export const toGroup = (word: string | undefined): Group => oneOf(GROUPS, word);
export const toMeasure = (word: string | undefined): Measure => oneOf(MEASURES, word);
export const toSpan = (word: string | undefined): Span => oneOf(SPANS, word);

/** One group alone: `key:7:Kitchen tablet`. The name is only to be shown. */
export interface Only {
  group: Group;
  id: string;
  name: string;
}

export function readOnly(word: string | undefined): Only | null {
  const [kind, id, ...name] = (word ?? "").split(":");
  const group = GROUPS.find((one) => one === kind);
  if (!group || !id) return null;
  return { group, id: decodeURIComponent(id), name: name.join(":") || decodeURIComponent(id) };
}

export function writeOnly({ group, id, name }: Only): string {
  return `${group}:${encodeURIComponent(id)}:${name}`;
}

/** The filter of the API that keeps to it. */
export function filterOf(only: Only | null): Record<string, string | number> {
  if (!only) return {};
  return only.group === "key" || only.group === "user"
    ? { [`${only.group}_id`]: Number(only.id) }
    : { [only.group]: only.id };
}

/** What to look at next, once one group is looked at alone. */
export function nextGroup(group: Group): Group {
  return group === "model" ? "key" : "model";
}
