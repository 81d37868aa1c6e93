/** What the pages of routes ask for and send. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { RouteDecisionOut, RouteOut } from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";
import type { RouteDocument } from "./draft";

const ALL = { limit: 500 };
const HOUR_MS = 3_600_000;
const SPARKED = 20;
const LIVE_EVERY_MS = 5000;

/** One route by the name in the address; null when there is none. */
export function routeByNameQuery(name: string) {
  return queryOptions({
    queryKey: listKey("route", "by-name", name),
    queryFn: async () => {
      const query = { search: name, ...ALL };
      const { items } = await unwrap(api.GET("/api/routes", { params: { query } }));
      return items.find((route) => route.name === name) ?? null;
    },
  });
}

export const keyNamesQuery = queryOptions({
  queryKey: listKey("key", "names"),
  queryFn: async () => {
    const query = { revoked: false, ...ALL };
    const { items } = await unwrap(api.GET("/api/keys", { params: { query } }));
    return items.map(({ id, name }) => ({ id, name }));
  },
});

/** The 24 hours up to the end of this one, so that the question stays the same within the hour. */
function lastDay(now: number): { from: string; to: string } {
  const end = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  return { from: new Date(end - 24 * HOUR_MS).toISOString(), to: new Date(end).toISOString() };
}

/** Requests and failures of every route in the last 24 hours, by name. */
export function trafficQuery(now: number) {
  const span = lastDay(now);
  return queryOptions({
    queryKey: listKey("usage", "by-route", span.from),
    queryFn: async () => {
      const query = { ...span, group_by: "route" as const };
      const [sums, series] = await Promise.all([
        unwrap(api.GET("/api/usage", { params: { query } })),
        unwrap(
          api.GET("/api/usage/series", {
            params: { query: { ...query, step: "hour", top: SPARKED } },
          }),
        ),
      ]);
      const hours = new Map(series.series.map((one) => [one.name, one.requests]));
      return new Map(
        sums.items.map((item) => [
          item.route ?? "",
          { ...item, hours: hours.get(item.route ?? "") ?? [] },
        ]),
      );
    },
    placeholderData: keepPreviousData,
  });
}

/** The last 24 hours of one route: together, over time, and by who answered. */
export function branchesQuery(name: string, now: number) {
  const span = lastDay(now);
  return queryOptions({
    queryKey: listKey("usage", "branches", name, span.from),
    queryFn: async () => {
      const query = { ...span, route: name, group_by: "served_by" as const };
      const [sums, series] = await Promise.all([
        unwrap(api.GET("/api/usage", { params: { query } })),
        unwrap(api.GET("/api/usage/series", { params: { query: { ...query, step: "hour" } } })),
      ]);
      return { ...sums, series };
    },
    placeholderData: keepPreviousData,
  });
}

export function versionsQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("route", id, "versions"),
    queryFn: async () => {
      const path = { route_id: id };
      const { items } = await unwrap(
        api.GET("/api/routes/{route_id}/versions", { params: { path } }),
      );
      return items;
    },
  });
}

interface Asked {
  keyId?: number | null;
  tokens?: number | null;
}

/** What the gateway would do with a request now. Nothing is sent. */
export function decide(id: number, { keyId, tokens }: Asked = {}): Promise<RouteDecisionOut> {
  return unwrap(
    api.POST("/api/routes/{route_id}/test", {
      params: { path: { route_id: id } },
      body: { key_id: keyId ?? null, tokens: tokens ?? null },
    }),
  );
}

/** The same, asked again and again: how its places are just now. */
export function liveQuery(id: number) {
  return queryOptions({
    queryKey: listKey("route", "live", id),
    queryFn: () => decide(id),
    refetchInterval: LIVE_EVERY_MS,
  });
}

export function createRoute(document: RouteDocument): Promise<RouteOut> {
  return unwrap(api.POST("/api/routes", { body: { ...document, note: "" } }));
}

interface Saved {
  document: RouteDocument;
  /** The version that was edited. */
  version: number;
  note: string;
}

export function updateRoute(id: number, { document, version, note }: Saved): Promise<RouteOut> {
  return unwrap(
    api.PUT("/api/routes/{route_id}", {
      params: { path: { route_id: id } },
      body: { ...document, version, note },
    }),
  );
}

export function revertRoute(id: number, version: number): Promise<RouteOut> {
  return unwrap(
    api.POST("/api/routes/{route_id}/revert", {
      params: { path: { route_id: id } },
      body: { version },
    }),
  );
}

export async function deleteRoute(id: number): Promise<void> {
  await api.DELETE("/api/routes/{route_id}", { params: { path: { route_id: id } } });
}
