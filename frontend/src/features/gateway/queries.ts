/** What the gateway's pages ask for and send. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type {
  AddUpstreamIn,
  CreateRouteIn,
  IssuedKeyOut,
  IssueKeyIn,
  KeyOut,
  OperationOut,
  RouteOut,
  UpstreamOut,
} from "@/api/generated/schema";
import { listKey } from "@/api/keys";

const ROWS_PER_PAGE = 50;
const ALL = { limit: 500 };

export const keysQuery = queryOptions({
  queryKey: listKey("key", "all"),
  queryFn: () => unwrap(api.GET("/api/keys", { params: { query: ALL } })),
});

export function issueKey(body: IssueKeyIn): Promise<IssuedKeyOut> {
  return unwrap(api.POST("/api/keys", { body }));
}

export function revokeKey(id: number): Promise<KeyOut> {
  return unwrap(api.DELETE("/api/keys/{key_id}", { params: { path: { key_id: id } } }));
}

export type GroupBy = "key" | "model" | "user" | "node" | "hour" | "day";

export function usageQuery(groupBy: GroupBy, from: string) {
  return queryOptions({
    queryKey: listKey("usage", groupBy, from),
    queryFn: () =>
      unwrap(api.GET("/api/usage", { params: { query: { group_by: groupBy, from } } })),
  });
}

export interface RequestFilters {
  failed?: boolean;
  key_id?: number;
  model?: string;
}

export function requestsQuery(filters: RequestFilters) {
  return infiniteQueryOptions({
    queryKey: listKey("usage", "requests", filters),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/requests", {
          params: {
            query: {
              ...filters,
              limit: ROWS_PER_PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** The newest request of one key, to see a new key's first one arrive. */
export function lastRequestQuery(keyId: number) {
  return queryOptions({
    queryKey: listKey("usage", "last", keyId),
    queryFn: async () => {
      const page = await unwrap(
        api.GET("/api/requests", { params: { query: { key_id: keyId, limit: 1 } } }),
      );
      return page.items[0] ?? null;
    },
  });
}

export function requestQuery(id: string) {
  return queryOptions({
    queryKey: listKey("usage", "request", id),
    queryFn: () =>
      unwrap(api.GET("/api/requests/{request_id}", { params: { path: { request_id: id } } })),
  });
}

export function requestWhyQuery(id: string) {
  return queryOptions({
    queryKey: listKey("usage", "request", id, "why"),
    queryFn: () =>
      unwrap(api.GET("/api/requests/{request_id}/why", { params: { path: { request_id: id } } })),
  });
}

export const upstreamsQuery = queryOptions({
  queryKey: listKey("upstream", "all"),
  queryFn: () => unwrap(api.GET("/api/upstreams", { params: { query: ALL } })),
});

export function addUpstream(body: AddUpstreamIn): Promise<UpstreamOut> {
  return unwrap(api.POST("/api/upstreams", { body }));
}

export function probeUpstream(id: number): Promise<OperationOut> {
  return unwrap(
    api.POST("/api/upstreams/{upstream_id}/probe", { params: { path: { upstream_id: id } } }),
  );
}

export async function removeUpstream(id: number): Promise<void> {
  await api.DELETE("/api/upstreams/{upstream_id}", { params: { path: { upstream_id: id } } });
}

export const routesQuery = queryOptions({
  queryKey: listKey("route", "all"),
  queryFn: () => unwrap(api.GET("/api/routes", { params: { query: ALL } })),
});

export function createRoute(body: CreateRouteIn): Promise<RouteOut> {
  return unwrap(api.POST("/api/routes", { body }));
}

export async function deleteRoute(id: number): Promise<void> {
  await api.DELETE("/api/routes/{route_id}", { params: { path: { route_id: id } } });
}

/** The names that clients may ask for: every deployment and every route. */
export const modelNamesQuery = queryOptions({
  queryKey: listKey("route", "names"),
  queryFn: async () => {
    const [deployments, routes] = await Promise.all([
      unwrap(api.GET("/api/deployments", { params: { query: ALL } })),
      unwrap(api.GET("/api/routes", { params: { query: ALL } })),
    ]);
    const names = [...deployments.items, ...routes.items].map((row) => row.name);
    return [...new Set(names)].sort();
  },
});

export const deploymentNamesQuery = queryOptions({
  queryKey: listKey("deployment", "names"),
  queryFn: async () => {
    const page = await unwrap(api.GET("/api/deployments", { params: { query: ALL } }));
    return page.items.map((row) => row.name);
  },
});
