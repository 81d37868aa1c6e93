/** Reads that several pages share: nodes, deployments, keys, routes and the last hour's traffic. */
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { listKey } from "./keys";

const ALL = 200;

export const nodesQuery = queryOptions({
  queryKey: listKey("node"),
  queryFn: () => unwrap(api.GET("/api/nodes", { params: { query: { limit: ALL } } })),
});

export const deploymentsQuery = queryOptions({
  queryKey: listKey("deployment"),
  queryFn: () => unwrap(api.GET("/api/deployments", { params: { query: { limit: ALL } } })),
});

export const keysQuery = queryOptions({
  queryKey: listKey("key"),
  queryFn: () => unwrap(api.GET("/api/keys", { params: { query: { limit: ALL } } })),
});

const EVERY_ROUTE = 500;
/** Circuits open and close without an event. */
const CIRCUITS_EVERY_MS = 10_000;

export const routesQuery = queryOptions({
  queryKey: listKey("route", "all"),
  queryFn: () => unwrap(api.GET("/api/routes", { params: { query: { limit: EVERY_ROUTE } } })),
});

export const upstreamsQuery = queryOptions({
  queryKey: listKey("upstream", "all"),
  queryFn: () => unwrap(api.GET("/api/upstreams", { params: { query: { limit: EVERY_ROUTE } } })),
  refetchInterval: CIRCUITS_EVERY_MS,
});

const MINUTE_MS = 60_000;
const MINUTES = 60;
const MODELS_NAMED = 3;

/** The last hour by minutes, of all requests: the busiest models by name, the rest together. */
export const lastHourQuery = queryOptions({
  queryKey: listKey("usage", "last-hour"),
  queryFn: () => fetchLastHour({ group_by: "model", top: MODELS_NAMED }),
  refetchInterval: MINUTE_MS,
});

interface Asked {
  group_by: "model" | "served_by";
  top: number;
  model?: string;
}

/** Sixty minutes, the one that runs included. */
export function fetchLastHour(asked: Asked) {
  const end = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
  const span = {
    from: new Date(end - MINUTES * MINUTE_MS).toISOString(),
    to: new Date(end).toISOString(),
    step: "minute" as const,
  };
  return unwrap(api.GET("/api/usage/series", { params: { query: { ...span, ...asked } } }));
}
