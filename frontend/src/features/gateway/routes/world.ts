/** What routes can lead to, and what follows from where they do. Pure. */
import type { DeploymentOut, RouteOut, UpstreamOut } from "@/api/generated/schema";
import { documentFrom, type RouteDocument } from "./draft";

export interface World {
  deployments: readonly DeploymentOut[];
  upstreams: readonly UpstreamOut[];
  routes: readonly RouteOut[];
}

/** What a name leads to: a route by its name or alias, else the deployment of that name. */
export function findRoute(name: string, world: World): RouteDocument | null {
  const route = world.routes.find((one) => one.name === name || one.aliases.includes(name));
  if (route) return documentFrom(route);
  if (!world.deployments.some((one) => one.name === name)) return null;
  return {
    name,
    aliases: [],
    targets: [{ deployment: name, upstream: null, model: null, weight: 1 }],
    fallbacks: [],
    affinity: "none",
    may_leave_house: false,
    max_output_tokens: null,
  };
}

/** The names a route may fall back to: every other route and deployment, except round in a circle. */
export function fallbackNames(own: string, world: World): string[] {
  const names = new Set([
    ...world.routes.map((route) => route.name),
    ...world.deployments.map((deployment) => deployment.name),
  ]);
  names.delete(own);
  return [...names].filter((name) => !leadsTo(name, own, world)).sort();
}

/** Whether following the fallbacks of one name comes to another. */
export function leadsTo(from: string, to: string, world: World, seen = new Set<string>()): boolean {
  if (!to || seen.has(from)) return false;
  seen.add(from);
  const steps = findRoute(from, world)?.fallbacks ?? [];
  return steps.some((step) => step.to === to || leadsTo(step.to, to, world, seen));
}

/** The upstreams outside that a route's requests may reach, itself or by its fallbacks. */
export function waysOut(document: RouteDocument, world: World): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  function walk({ name, targets, fallbacks }: RouteDocument) {
    if (seen.has(name)) return;
    seen.add(name);
    for (const target of targets) {
      const upstream = world.upstreams.find((one) => one.name === target.upstream);
      if (upstream?.leaves_house) found.add(upstream.name);
    }
    for (const step of fallbacks) {
      const following = findRoute(step.to, world);
      if (following) walk(following);
    }
  }
  walk(document);
  return [...found];
}

/** What a route that is fallen back to falls back to itself, nearest first. */
export function chainAfter(
  name: string,
  world: World,
): { from: string; on: string[]; to: string }[] {
  const chain: { from: string; on: string[]; to: string }[] = [];
  const seen = new Set<string>();
  const waiting = [name];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const step of findRoute(next, world)?.fallbacks ?? []) {
      chain.push({ from: next, on: [...step.on], to: step.to });
      waiting.push(step.to);
    }
  }
  return chain;
}

/** The routes that fall back to this one, by any of its names. */
export function neededBy(route: RouteOut, world: World): string[] {
  const names = [route.name, ...route.aliases];
  return world.routes
    .filter((one) => one.id !== route.id && one.fallbacks.some((step) => names.includes(step.to)))
    .map((one) => one.name);
}
