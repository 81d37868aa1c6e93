import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { listKey } from "@/api/keys";

const ALL = 200;

export const tokensQuery = queryOptions({
  queryKey: listKey("user", "tokens"),
  queryFn: () => unwrap(api.GET("/api/tokens", { params: { query: { limit: ALL } } })),
});

export const browsersQuery = queryOptions({
  queryKey: listKey("user", "sessions"),
  queryFn: () => unwrap(api.GET("/api/sessions", { params: { query: { limit: ALL } } })),
});

export const peopleQuery = queryOptions({
  queryKey: listKey("user", "people"),
  queryFn: () => unwrap(api.GET("/api/users", { params: { query: { limit: ALL } } })),
});
