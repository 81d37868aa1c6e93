/** What the pages of nodes ask the control plane for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { NodeOut, OperationOut } from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";

const ROWS_AT_MOST = 200;
const OPERATIONS_SHOWN = 50;

export const SPANS = { "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600 } as const;
export type Span = keyof typeof SPANS;

/** By name, or by number as links of the API have it. Null when there is none. */
export function nodeQuery(name: string) {
  return queryOptions({
    queryKey: listKey("node", "named", name),
    queryFn: async (): Promise<NodeOut | null> => {
      const all = await unwrap(
        api.GET("/api/nodes", { params: { query: { limit: ROWS_AT_MOST } } }),
      );
      return (
        all.items.find((row) => row.name === name) ??
        all.items.find((row) => String(row.id) === name) ??
        null
      );
    },
  });
}

export function samplesQuery(id: number, span: Span) {
  return queryOptions({
    queryKey: oneKey("node", id, "samples", span),
    queryFn: () =>
      unwrap(
        api.GET("/api/nodes/{node_id}/samples", {
          params: { path: { node_id: id }, query: { seconds: SPANS[span], points: 120 } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function nodeOperationsQuery(id: number) {
  return queryOptions({
    queryKey: listKey("operation", { subject_type: "node", subject_id: String(id) }),
    queryFn: () =>
      unwrap(
        api.GET("/api/operations", {
          params: {
            query: { subject_type: "node", subject_id: String(id), limit: OPERATIONS_SHOWN },
          },
        }),
      ),
  });
}

export function inspectNode(id: number): Promise<OperationOut> {
  return unwrap(api.POST("/api/nodes/{node_id}/inspect", { params: { path: { node_id: id } } }));
}
