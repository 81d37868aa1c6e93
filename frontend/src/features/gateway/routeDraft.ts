/** What the dialog for a new route collects, and what it sends. */
import type { CreateRouteIn } from "@/api/generated/schema";

export const CAUSES = ["refused", "5xx", "429", "timeout", "context", "cold"] as const;
export type Cause = (typeof CAUSES)[number];

export interface TargetDraft {
  id: number;
  /** "deployment:name" or "upstream:name". */
  place: string | null;
  model: string;
  weight: number;
}

export interface RouteDraft {
  name: string;
  targets: readonly TargetDraft[];
  fallbackTo: string | null;
  fallbackOn: readonly Cause[];
}

export const FIRST_ROUTE: RouteDraft = {
  name: "",
  targets: [{ id: 1, place: null, model: "", weight: 1 }],
  fallbackTo: null,
  fallbackOn: ["refused", "5xx", "timeout"],
};

export function isRouteName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/.test(name) && name.length <= 100;
}

export function isReadyRoute(draft: RouteDraft): boolean {
  return (
    isRouteName(draft.name) &&
    draft.targets.every((target) => target.place !== null) &&
    draft.targets.some((target) => target.weight > 0) &&
    (!draft.fallbackTo || draft.fallbackOn.length > 0)
  );
}

export function toRoute(draft: RouteDraft): CreateRouteIn {
  return {
    name: draft.name,
    targets: draft.targets.map((target) => {
      const [kind, name] = split(target.place ?? "");
      return {
        upstream: kind === "upstream" ? name : null,
        deployment: kind === "deployment" ? name : null,
        model: kind === "upstream" && target.model.trim() ? target.model.trim() : null,
        weight: target.weight,
      };
    }),
    fallbacks: draft.fallbackTo ? [{ on: [...draft.fallbackOn], to: draft.fallbackTo }] : [],
  };
}

function split(place: string): [string, string] {
  const at = place.indexOf(":");
  return [place.slice(0, at), place.slice(at + 1)];
}

/** Each target's share of the requests, from 0 to 1. */
export function sharesOf(targets: readonly { weight: number }[]): number[] {
  const whole = targets.reduce((sum, target) => sum + target.weight, 0);
  return targets.map((target) => (whole > 0 ? target.weight / whole : 0));
}
