/** What the pages of keys ask for and send. */
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { IssuedKeyOut, IssueKeyIn, KeyOut } from "@/api/generated/schema";
import { listKey } from "@/api/keys";

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
