/** What the pages of requests ask for. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { RequestBodiesOut, RequestOut } from "@/api/generated/schema";
import { listKey } from "@/api/keys";
import type { RequestFilters } from "./filters";

const ROWS_PER_PAGE = 50;
const NEWER_COUNTED = 100;
const WHILE_EMPTY_MS = 3000;

/**
 * Newest first. Its key names no subject of events: what is listed does not change, and rows never
 * move under the pointer. What is new waits behind `newerQuery`.
 */
export function requestsQuery(filters: RequestFilters) {
  return infiniteQueryOptions({
    queryKey: ["request-log", filters] as const,
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
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    refetchInterval: (query) =>
      query.state.data?.pages[0]?.items.length === 0 ? WHILE_EMPTY_MS : false,
  });
}

/** How many have come since the newest row that is shown. */
export function newerQuery(filters: RequestFilters, newest: RequestOut | undefined) {
  return queryOptions({
    queryKey: listKey("usage", "newer", filters, newest?.id),
    enabled: newest !== undefined,
    queryFn: async () => {
      const page = await unwrap(
        api.GET("/api/requests", {
          params: { query: { ...filters, from: newest?.at ?? null, limit: NEWER_COUNTED } },
        }),
      );
      return page.items.filter((row) => row.id !== newest?.id).length;
    },
  });
}

export function requestQuery(id: string) {
  return queryOptions({
    queryKey: ["request-log", "one", id] as const,
    queryFn: () =>
      unwrap(api.GET("/api/requests/{request_id}", { params: { path: { request_id: id } } })),
  });
}

export function requestWhyQuery(id: string) {
  return queryOptions({
    queryKey: ["request-log", "why", id] as const,
    queryFn: () =>
      unwrap(api.GET("/api/requests/{request_id}/why", { params: { path: { request_id: id } } })),
  });
}

/** What was asked and answered. Each call is a row in the audit log. */
export function readBodies(id: string): Promise<RequestBodiesOut> {
  return unwrap(
    api.POST("/api/requests/{request_id}/read-bodies", {
      params: { path: { request_id: id } },
    }),
  );
}
