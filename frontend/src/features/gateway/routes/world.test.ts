import { describe, expect, it } from "vitest";
import type { DeploymentOut, RouteOut, UpstreamOut } from "@/api/generated/schema";
import { chainAfter, fallbackNames, findRoute, neededBy, type World, waysOut } from "./world";

function route(id: number, name: string, change: Partial<RouteOut> = {}) {
  return {
    id,
    name,
    aliases: [],
    targets: [],
    fallbacks: [],
    affinity: "none",
    may_leave_house: false,
    max_output_tokens: null,
    ...change,
  } as unknown as RouteOut;
}

const to = (upstream: string) =>
  ({ upstream, deployment: null, model: null, weight: 1, leaves_house: true }) as never;

const world: World = {
  deployments: [{ name: "tiny" } as DeploymentOut],
  upstreams: [
    { name: "away", leaves_house: true } as UpstreamOut,
    { name: "den", leaves_house: false } as UpstreamOut,
  ],
  routes: [
    route(1, "coder", { targets: [to("den")], fallbacks: [{ on: ["refused"], to: "big" }] }),
    route(2, "big", {
      targets: [to("away")],
      aliases: ["gpt"],
      fallbacks: [{ on: ["5xx", "429"], to: "tiny" }],
    }),
  ],
};

describe("where routes lead", () => {
  it("finds a route by name or alias, and a deployment by its own", () => {
    expect(findRoute("gpt", world)?.name).toBe("big");
    expect(findRoute("tiny", world)?.targets[0]?.deployment).toBe("tiny");
    expect(findRoute("nowhere", world)).toBeNull();
  });

  it("offers no fallback that leads round in a circle", () => {
    expect(fallbackNames("coder", world)).toEqual(["big", "tiny"]);
    expect(fallbackNames("big", world)).toEqual(["tiny"]);
    expect(fallbackNames("tiny", world)).toEqual([]);
    expect(fallbackNames("", world)).toEqual(["big", "coder", "tiny"]);
  });

  it("finds the ways out of the house, also by a fallback", () => {
    const coder = findRoute("coder", world);
    expect(coder && waysOut(coder, world)).toEqual(["away"]);
    const tiny = findRoute("tiny", world);
    expect(tiny && waysOut(tiny, world)).toEqual([]);
  });

  it("follows the chain behind a fallback", () => {
    expect(chainAfter("big", world)).toEqual([{ from: "big", on: ["5xx", "429"], to: "tiny" }]);
    expect(chainAfter("tiny", world)).toEqual([]);
  });

  it("knows who would miss a route", () => {
    const big = world.routes[1];
    expect(big && neededBy(big, world)).toEqual(["coder"]);
  });
});
