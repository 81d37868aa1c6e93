import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { listKey } from "./keys";

const SHOWN_AT_MOST = 20;

/** What has not ended yet, newest first. */
export const runningOperationsQuery = queryOptions({
  queryKey: listKey("operation", { state: "running" }),
  queryFn: () =>
    unwrap(
      api.GET("/api/operations", { params: { query: { state: "running", limit: SHOWN_AT_MOST } } }),
    ),
});

/** The newest, however they ended. */
export const recentOperationsQuery = queryOptions({
  queryKey: listKey("operation", "recent"),
  queryFn: () =>
    unwrap(api.GET("/api/operations", { params: { query: { limit: SHOWN_AT_MOST } } })),
});
