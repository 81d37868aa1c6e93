/** What the pages of usage ask for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { paths } from "@/api/generated/schema";
import { listKey } from "@/api/keys";

type UsageParams = NonNullable<paths["/api/usage"]["get"]["parameters"]["query"]>;
type SeriesParams = NonNullable<paths["/api/usage/series"]["get"]["parameters"]["query"]>;

/** Sums per group over a span, and of everything together. */
export function usageQuery(asked: UsageParams) {
  return queryOptions({
    queryKey: listKey("usage", "groups", asked),
    queryFn: () => unwrap(api.GET("/api/usage", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });
}

/** The same over time: the busiest groups by name, the rest together. */
export function seriesQuery(asked: SeriesParams) {
  return queryOptions({
    queryKey: listKey("usage", "series", asked),
    queryFn: () => unwrap(api.GET("/api/usage/series", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });
}

/** Where a browser fetches what the table shows, for a spreadsheet. */
export function csvAddress(asked: UsageParams): string {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return `/api/usage.csv?${query}`;
}
