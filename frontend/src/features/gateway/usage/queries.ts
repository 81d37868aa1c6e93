/** What the pages of usage ask for. */
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { listKey } from "@/api/keys";

export type GroupBy = "key" | "model" | "user" | "node" | "hour" | "day";

export function usageQuery(groupBy: GroupBy, from: string) {
  return queryOptions({
    queryKey: listKey("usage", groupBy, from),
    queryFn: () =>
      unwrap(api.GET("/api/usage", { params: { query: { group_by: groupBy, from } } })),
  });
}
