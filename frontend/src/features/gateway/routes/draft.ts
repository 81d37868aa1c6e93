/** A route as it is being edited, and the document it becomes. Pure. */
import type { RouteDocumentOut } from "@/api/generated/schema";
import { CAUSES, type Cause } from "../causes";

export type RouteDocument = Required<RouteDocumentOut>;
export type Affinity = RouteDocument["affinity"];
export const AFFINITIES = ["none", "session", "prefix"] as const satisfies readonly Affinity[];

export interface TargetDraft {
  id: number;
  /** "deployment:name" or "upstream:name". */
  place: string | null;
  model: string;
  weight: number;
}

export interface StepDraft {
  id: number;
  on: readonly Cause[];
  to: string | null;
}

export interface RouteDraft {
  name: string;
  targets: readonly TargetDraft[];
  fallbacks: readonly StepDraft[];
  aliases: readonly string[];
  affinity: Affinity;
  mayLeaveHouse: boolean;
  /** As typed; empty for no limit. */
  maxOutput: string;
}

let lastId = 0;
function newId(): number {
  lastId += 1;
  return lastId;
}

export function emptyTarget(): TargetDraft {
  return { id: newId(), place: null, model: "", weight: 1 };
}

const USUAL: readonly Cause[] = ["refused", "5xx", "timeout"];

/** Begins with what usually goes wrong; where that is taken, with all that is left. */
export function emptyStep(taken: readonly Cause[] = []): StepDraft {
  const left = CAUSES.filter((cause) => !taken.includes(cause));
  const usual = left.filter((cause) => USUAL.includes(cause));
  return { id: newId(), on: usual.length > 0 ? usual : left, to: null };
}

export function emptyRoute(): RouteDraft {
  return {
    name: "",
    targets: [emptyTarget()],
    fallbacks: [],
    aliases: [],
    affinity: "none",
    mayLeaveHouse: false,
    maxOutput: "",
  };
}

/** A route or one of its versions as a whole document. */
export function documentFrom(
  route: Omit<RouteDocumentOut, "targets"> & {
    targets: readonly {
      upstream?: string | null;
      deployment?: string | null;
      model?: string | null;
      weight: number;
    }[];
  },
): RouteDocument {
  return {
    name: route.name,
    aliases: [...route.aliases],
    targets: route.targets.map((target) => ({
      upstream: target.upstream ?? null,
      deployment: target.deployment ?? null,
      model: target.model || null,
      weight: target.weight,
    })),
    fallbacks: route.fallbacks.map((step) => ({ on: [...step.on], to: step.to })),
    affinity: route.affinity,
    may_leave_house: route.may_leave_house,
    max_output_tokens: route.max_output_tokens ?? null,
  };
}

export function placeOf(target: { upstream?: string | null; deployment?: string | null }): string {
  return target.upstream ? `upstream:${target.upstream}` : `deployment:${target.deployment ?? ""}`;
}

export function readPlace(place: string): { kind: "upstream" | "deployment"; name: string } {
  const at = place.indexOf(":");
  const kind = place.slice(0, at) === "upstream" ? "upstream" : "deployment";
  return { kind, name: place.slice(at + 1) };
}

export function draftOf(document: RouteDocument): RouteDraft {
  return {
    name: document.name,
    targets: document.targets.map((target) => ({
      id: newId(),
      place: placeOf(target),
      model: target.model ?? "",
      weight: target.weight,
    })),
    fallbacks: document.fallbacks.map((step) => ({ id: newId(), on: [...step.on], to: step.to })),
    aliases: document.aliases,
    affinity: document.affinity,
    mayLeaveHouse: document.may_leave_house,
    maxOutput: document.max_output_tokens === null ? "" : String(document.max_output_tokens),
  };
}

/** What is chosen so far; places and steps without a choice are left out. */
export function toDocument(draft: RouteDraft): RouteDocument {
  return {
    name: draft.name,
    aliases: [...draft.aliases],
    targets: draft.targets.flatMap((target) => {
      if (target.place === null) return [];
      const { kind, name } = readPlace(target.place);
      return {
        upstream: kind === "upstream" ? name : null,
        deployment: kind === "deployment" ? name : null,
        model: (kind === "upstream" && target.model.trim()) || null,
        weight: target.weight,
      };
    }),
    fallbacks: draft.fallbacks.flatMap((step) =>
      step.to === null ? [] : { on: [...step.on], to: step.to },
    ),
    affinity: draft.affinity,
    may_leave_house: draft.mayLeaveHouse,
    max_output_tokens: readTokens(draft.maxOutput) ?? null,
  };
}

/** Tokens; null for none said, undefined for what is no such number. */
export function readTokens(text: string): number | null | undefined {
  const plain = text.replace(/[\s.,]/g, "");
  if (plain === "") return null;
  const tokens = /^\d+$/.test(plain) ? Number(plain) : 0;
  return tokens >= 1 && tokens <= 2_000_000_000 ? tokens : undefined;
}

export function isRouteName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/.test(name) && name.length <= 100;
}

export type Problem =
  | "noName"
  | "noPlace"
  | "noWeight"
  | "twice"
  | "stepNoRoute"
  | "stepNoCause"
  | "alias"
  | "maxOutput";

/** What still has to be done before it can be saved, the first thing first. */
export function problemsOf(draft: RouteDraft): Problem[] {
  const places = draft.targets.map((target) => `${target.place}|${target.model.trim()}`);
  const checks: [Problem, boolean][] = [
    ["noName", !isRouteName(draft.name)],
    ["noPlace", draft.targets.some((target) => target.place === null)],
    ["twice", new Set(places).size < places.length],
    ["noWeight", !draft.targets.some((target) => target.weight > 0)],
    ["stepNoRoute", draft.fallbacks.some((step) => step.to === null)],
    ["stepNoCause", draft.fallbacks.some((step) => step.on.length === 0)],
    ["alias", !draft.aliases.every(isRouteName)],
    ["maxOutput", readTokens(draft.maxOutput) === undefined],
  ];
  return checks.filter(([, isSo]) => isSo).map(([problem]) => problem);
}

/** Each target's share of the requests, from 0 to 1. */
export function sharesOf(targets: readonly { weight: number }[]): number[] {
  const whole = targets.reduce((sum, target) => sum + target.weight, 0);
  return targets.map((target) => (whole > 0 ? target.weight / whole : 0));
}

/** With equal weights nothing is drawn: each request goes where there is most room. */
export function isByRoom(targets: readonly { weight: number }[]): boolean {
  const weights = targets.map((target) => target.weight).filter((weight) => weight > 0);
  return new Set(weights).size <= 1;
}

/** The causes that no step takes, so that the error is given to the client. */
export function takenCauses(steps: readonly Pick<StepDraft, "on">[]): Cause[] {
  return [...new Set(steps.flatMap((step) => step.on))];
}
