/** What the gateway's pages ask for and send. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type {
  AddUpstreamIn,
  CreateRouteIn,
  OperationOut,
  RouteOut,
  UpstreamOut,
} from "@/api/generated/schema";
import { listKey } from "@/api/keys";

const ROWS_PER_PAGE = 50;
const ALL = { limit: 500 };

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

export const deploymentNamesQuery = queryOptions({
  queryKey: listKey("deployment", "names"),
  queryFn: async () => {
    const page = await unwrap(api.GET("/api/deployments", { params: { query: ALL } }));
    return page.items.map((row) => row.name);
  },
});
