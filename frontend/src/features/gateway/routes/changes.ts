/** What differs between two documents of a route, to be said in words. Pure. */
import { CAUSES, type Cause } from "../causes";
import type { Affinity, RouteDocument } from "./draft";

type Target = RouteDocument["targets"][number];

export type RouteChange =
  | { word: "name"; from: string; to: string }
  | { word: "aliasAdded" | "aliasRemoved"; alias: string }
  | { word: "targetAdded" | "targetRemoved"; target: Target; weight: number }
  | { word: "weight"; target: Target; from: number; to: number; share: number }
  | { word: "order" }
  | { word: "fallbackAdded" | "fallbackRemoved"; causes: Cause[]; to: string }
  | { word: "fallbackMoved"; causes: Cause[]; from: string; to: string }
  | { word: "affinity"; to: Affinity }
  | { word: "house"; may: boolean }
  | { word: "maxOutput"; from: number | null; to: number | null };

export function changesBetween(before: RouteDocument, after: RouteDocument): RouteChange[] {
  return [
    ...names(before, after),
    ...targets(before.targets, after.targets),
    ...fallbacks(before, after),
    ...rules(before, after),
  ];
}

function* names(before: RouteDocument, after: RouteDocument): Generator<RouteChange> {
  if (before.name !== after.name) yield { word: "name", from: before.name, to: after.name };
  for (const alias of after.aliases) {
    if (!before.aliases.includes(alias)) yield { word: "aliasAdded", alias };
  }
  for (const alias of before.aliases) {
    if (!after.aliases.includes(alias)) yield { word: "aliasRemoved", alias };
  }
}

const identity = (target: Target) =>
  JSON.stringify([target.upstream, target.deployment, target.model]);

function* targets(before: readonly Target[], after: readonly Target[]): Generator<RouteChange> {
  const old = new Map(before.map((target) => [identity(target), target]));
  const now = new Map(after.map((target) => [identity(target), target]));
  const whole = after.reduce((sum, target) => sum + target.weight, 0);
  for (const [key, target] of now) {
    const was = old.get(key);
    if (!was) yield { word: "targetAdded", target, weight: target.weight };
    else if (was.weight !== target.weight) {
      const share = whole > 0 ? target.weight / whole : 0;
      yield { word: "weight", target, from: was.weight, to: target.weight, share };
    }
  }
  for (const [key, target] of old) {
    if (!now.has(key)) yield { word: "targetRemoved", target, weight: target.weight };
  }
  const kept = [...old.keys()].filter((key) => now.has(key));
  const keptNow = [...now.keys()].filter((key) => old.has(key));
  if (kept.join() !== keptNow.join()) yield { word: "order" };
}

/** The first step that names a cause takes it. */
function ways(document: RouteDocument): Map<Cause, string> {
  const found = new Map<Cause, string>();
  for (const step of document.fallbacks) {
    for (const cause of step.on) if (!found.has(cause)) found.set(cause, step.to);
  }
  return found;
}

function* fallbacks(before: RouteDocument, after: RouteDocument): Generator<RouteChange> {
  const old = ways(before);
  const now = ways(after);
  const folded = new Map<string, { from?: string; to?: string; causes: Cause[] }>();
  for (const cause of CAUSES) {
    const from = old.get(cause);
    const to = now.get(cause);
    if (from === to) continue;
    const key = JSON.stringify([from, to]);
    const entry = folded.get(key) ?? {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      causes: [],
    };
    entry.causes.push(cause);
    folded.set(key, entry);
  }
  for (const { from, to, causes } of folded.values()) {
    if (from === undefined) yield { word: "fallbackAdded", causes, to: to ?? "" };
    else if (to === undefined) yield { word: "fallbackRemoved", causes, to: from };
    else yield { word: "fallbackMoved", causes, from, to };
  }
}

function* rules(before: RouteDocument, after: RouteDocument): Generator<RouteChange> {
  if (before.affinity !== after.affinity) yield { word: "affinity", to: after.affinity };
  if (before.may_leave_house !== after.may_leave_house) {
    yield { word: "house", may: after.may_leave_house };
  }
  if (before.max_output_tokens !== after.max_output_tokens) {
    yield { word: "maxOutput", from: before.max_output_tokens, to: after.max_output_tokens };
  }
}
