/** What the pages of keys ask for and send. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type {
  ChangeKeyIn,
  HolderLimitsOut,
  IssuedKeyOut,
  IssueKeyIn,
  KeyOut,
  KeyReportOut,
  LimitsBody,
} from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";
import { useMay } from "@/api/session";
import type { LimitName } from "./limits";

const ALL = { limit: 500 };
const MOST_KEYS = 5000;

/** All keys, up to what anybody would scroll through. */
export const keysQuery = queryOptions({
  queryKey: listKey("key", "all"),
  queryFn: async (): Promise<{ items: KeyOut[] }> => {
    const items: KeyOut[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = cursor ? { ...ALL, cursor } : ALL;
      const page = await unwrap(api.GET("/api/keys", { params: { query } }));
      items.push(...page.items);
      cursor = page.next_cursor ?? null;
    } while (cursor && items.length < MOST_KEYS);
    return { items };
  },
});

/** What one key may do and has left. Asked for again while it is looked at: minutes pass. */
export function reportQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("key", id, "report"),
    queryFn: () =>
      unwrap(api.GET("/api/keys/{key_id}/report", { params: { path: { key_id: id } } })),
  });
}

export function testSecret(secret: string): Promise<KeyReportOut> {
  return unwrap(api.POST("/api/keys/test", { body: { secret } }));
}

export function issueKey(body: IssueKeyIn): Promise<IssuedKeyOut> {
  return unwrap(api.POST("/api/keys", { body }));
}

export function changeKey(id: number, body: Partial<ChangeKeyIn>): Promise<KeyOut> {
  return unwrap(
    api.PATCH("/api/keys/{key_id}", {
      params: { path: { key_id: id } },
      body: body as ChangeKeyIn,
    }),
  );
}

export function rotateKey(id: number, overlapHours: number): Promise<IssuedKeyOut> {
  return unwrap(
    api.POST("/api/keys/{key_id}/rotate", {
      params: { path: { key_id: id } },
      body: { overlap_hours: overlapHours },
    }),
  );
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

/** Those of the known names that a key may ask for. */
export function useModelsOf(key: Pick<KeyOut, "models" | "denied_models">): string[] {
  const names = useQuery(modelNamesQuery).data ?? [];
  return (key.models ?? names).filter(
    (name) => names.includes(name) && !key.denied_models.includes(name),
  );
}

/** The team and its people with the limits that their keys share. */
export const holdersQuery = queryOptions({
  queryKey: listKey("limits", "all"),
  queryFn: () => unwrap(api.GET("/api/limits")),
});

/** Who a key may be made for: the team's people. Empty for who may make only their own. */
export function useOwners(): string[] {
  const mayManage = useMay("manage_gateway");
  const holders = useQuery({ ...holdersQuery, enabled: mayManage }).data?.items ?? [];
  return holders.filter((holder) => holder.level === "user").map((holder) => holder.name);
}

/** The limits that all keys of the team share, or those of one of its people. */
export function setHolderLimits(
  holder: Pick<HolderLimitsOut, "level" | "id">,
  limits: LimitsBody,
): Promise<HolderLimitsOut> {
  return holder.level === "team"
    ? unwrap(api.PUT("/api/limits/team", { body: { limits } }))
    : unwrap(
        api.PUT("/api/limits/users/{user_id}", {
          params: { path: { user_id: holder.id } },
          body: { limits },
        }),
      );
}

interface RaisedLimit {
  level: "user" | "team";
  /** The name of the person or team. */
  holder: string;
  window: LimitName;
  to: number;
}

/** Raises one shared limit and leaves the others as they are. */
export async function setHolderLimit({ level, holder, window, to }: RaisedLimit): Promise<void> {
  const { items } = await unwrap(api.GET("/api/limits"));
  const found = items.find((one) => one.level === level && one.name === holder);
  if (found) await setHolderLimits(found, { ...found.limits, [window]: to });
}

export const noticesQuery = queryOptions({
  queryKey: listKey("limits", "notices"),
  queryFn: () => unwrap(api.GET("/api/notices", { params: { query: { limit: 20 } } })),
});
