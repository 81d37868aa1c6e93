/** What the audit page asks the control plane for. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { AuditCheckOut, AuditEntryOut } from "@/api/generated/schema";
import { listKey } from "@/api/keys";

const ROWS_PER_PAGE = 100;
const ROWS_PER_EXPORT_PAGE = 500;

export const RESULTS = ["done", "refused", "failed"] as const;
export type Result = (typeof RESULTS)[number];

export function auditQuery(result: Result | undefined) {
  return infiniteQueryOptions({
    queryKey: listKey("audit", { result }),
    initialPageParam: "",
    queryFn: ({ pageParam }) => fetchPage(result, pageParam, ROWS_PER_PAGE),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

function fetchPage(result: Result | undefined, cursor: string, limit: number) {
  const query = { limit, ...(result ? { result } : {}), ...(cursor ? { cursor } : {}) };
  return unwrap(api.GET("/api/audit", { params: { query } }));
}

/** Every entry, newest first. */
export async function fetchAll(result: Result | undefined): Promise<AuditEntryOut[]> {
  const entries: AuditEntryOut[] = [];
  let cursor = "";
  do {
    const page = await fetchPage(result, cursor, ROWS_PER_EXPORT_PAGE);
    entries.push(...page.items);
    cursor = page.next_cursor ?? "";
  } while (cursor);
  return entries;
}

export function checkChain(): Promise<AuditCheckOut> {
  return unwrap(api.GET("/api/audit/check"));
}
