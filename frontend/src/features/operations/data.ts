/** What the pages of operations ask the control plane for. */
import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { OperationOut, StepOut } from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";
import { addLines, EMPTY_LOG, type LogBuffer } from "@/components/logBuffer";
import type { OperationFilters } from "./filters";
import { endingsOf } from "./progress";

/** An operation with its steps. */
export interface OperationDetail extends OperationOut {
  steps: StepOut[];
}

const ROWS_PER_PAGE = 50;
const LINES_PER_PAGE = 5000;

export function operationsQuery(filters: OperationFilters) {
  return infiniteQueryOptions({
    queryKey: listKey("operation", filters),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/operations", {
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

export function operationQuery(id: string) {
  return queryOptions({
    queryKey: oneKey("operation", id),
    queryFn: async (): Promise<OperationDetail> => {
      const params = { path: { operation_id: id } };
      const [operation, steps] = await Promise.all([
        unwrap(api.GET("/api/operations/{operation_id}", { params })),
        unwrap(api.GET("/api/operations/{operation_id}/steps", { params })),
      ]);
      return { ...operation, steps: steps.items };
    },
  });
}

const MOVES_AT_MOST = 200;

/** How each attempt before the current one ended, oldest first: the states it ran into. */
export function endingsQuery(id: string) {
  return queryOptions({
    queryKey: oneKey("operation", id, "endings"),
    queryFn: async () => {
      const query = { subject: `operation:${id}`, limit: MOVES_AT_MOST };
      const timeline = await unwrap(api.GET("/api/timeline", { params: { query } }));
      return endingsOf(timeline.items);
    },
  });
}

/** The whole log so far. Asked again, it fetches only what came after the last line it has. */
export function logQuery(id: string) {
  const queryKey = oneKey("operation", id, "log");
  return queryOptions({
    queryKey,
    structuralSharing: false,
    queryFn: ({ client }) => fetchNewLines(client, queryKey, id),
  });
}

async function fetchNewLines(
  client: QueryClient,
  queryKey: readonly unknown[],
  id: string,
): Promise<LogBuffer> {
  let buffer = client.getQueryData<LogBuffer>(queryKey) ?? EMPTY_LOG;
  for (;;) {
    const page = await unwrap(
      api.GET("/api/operations/{operation_id}/log", {
        params: {
          path: { operation_id: id },
          query: { after: buffer.lastSequence, limit: LINES_PER_PAGE },
        },
      }),
    );
    buffer = addLines(buffer, page.items);
    if (page.items.length < LINES_PER_PAGE) return buffer;
    // A long log shows page by page, not only once the last page is here.
    client.setQueryData(queryKey, buffer);
  }
}

export function useCancelOperation(id: string) {
  return useOperationWrite(id, () =>
    unwrap(
      api.POST("/api/operations/{operation_id}/cancel", {
        params: { path: { operation_id: id } },
      }),
    ),
  );
}

export function useRetryOperation(id: string) {
  return useOperationWrite(id, () =>
    unwrap(
      api.POST("/api/operations/{operation_id}/retry", { params: { path: { operation_id: id } } }),
    ),
  );
}

function useOperationWrite(id: string, write: () => Promise<OperationOut>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSettled: () => client.invalidateQueries({ queryKey: oneKey("operation", id) }),
  });
}
