/** Reads that several pages share: nodes, deployments, keys and the last hour's requests. */
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

const REQUESTS_DRAWN = 500;

/** The newest requests, newest first. */
export const latestRequestsQuery = queryOptions({
  queryKey: listKey("usage", "requests"),
  queryFn: () => unwrap(api.GET("/api/requests", { params: { query: { limit: REQUESTS_DRAWN } } })),
  refetchInterval: 60_000,
});
