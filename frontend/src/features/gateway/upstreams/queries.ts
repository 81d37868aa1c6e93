/** What the pages of upstreams ask for and send. */
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type {
  AddUpstreamIn,
  ChangeUpstreamIn,
  OperationOut,
  UpstreamOut,
} from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";

const ALL = { limit: 500 };
/** Circuits open and close without an event. */
const CIRCUITS_EVERY_MS = 10_000;
const DAY_MS = 86_400_000;

export function upstreamQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("upstream", id),
    queryFn: () =>
      unwrap(api.GET("/api/upstreams/{upstream_id}", { params: { path: { upstream_id: id } } })),
    refetchInterval: CIRCUITS_EVERY_MS,
  });
}

/** Newest first. */
export function probesQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("upstream", id, "probes"),
    queryFn: async () => {
      const page = await unwrap(
        api.GET("/api/upstreams/{upstream_id}/probes", {
          params: { path: { upstream_id: id }, query: ALL },
        }),
      );
      return page.items;
    },
  });
}

/** What was sent there in the last 24 hours. */
export function sentThereQuery(name: string, now: number) {
  const from = new Date(Math.floor(now / 60_000) * 60_000 - DAY_MS).toISOString();
  return queryOptions({
    queryKey: listKey("usage", "served-by", name),
    queryFn: async () => {
      const { total } = await unwrap(
        api.GET("/api/usage", {
          params: { query: { from, served_by: name, group_by: "served_by" } },
        }),
      );
      return total;
    },
  });
}

export function addUpstream(body: AddUpstreamIn): Promise<UpstreamOut> {
  return unwrap(api.POST("/api/upstreams", { body }));
}

export function changeUpstream(id: number, body: Partial<ChangeUpstreamIn>): Promise<UpstreamOut> {
  return unwrap(
    api.PATCH("/api/upstreams/{upstream_id}", {
      params: { path: { upstream_id: id } },
      body: body as ChangeUpstreamIn,
    }),
  );
}

export function probeUpstream(id: number): Promise<OperationOut> {
  return unwrap(
    api.POST("/api/upstreams/{upstream_id}/probe", { params: { path: { upstream_id: id } } }),
  );
}

export async function removeUpstream(id: number): Promise<void> {
  await api.DELETE("/api/upstreams/{upstream_id}", { params: { path: { upstream_id: id } } });
}
