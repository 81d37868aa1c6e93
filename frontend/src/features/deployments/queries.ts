/** Everything the deployment pages ask for and send. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { fetchLastHour } from "@/api/fleet";
import type {
  DeploymentChangesIn,
  DeploymentIn,
  DeploymentOut,
  OperationOut,
  PreviewIn,
} from "@/api/generated/schema";
import { listKey, oneKey } from "@/api/keys";
import { addLines, EMPTY_LOG, type LogBuffer } from "@/components/logBuffer";

export const deploymentsQuery = queryOptions({
  queryKey: listKey("deployment", "all"),
  queryFn: () => unwrap(api.GET("/api/deployments", { params: { query: { limit: 500 } } })),
});

/** By name or number: both occur in addresses. Null when there is none. */
export function deploymentQuery(name: string) {
  return queryOptions({
    queryKey: listKey("deployment", "named", name),
    queryFn: async (): Promise<DeploymentOut | null> => {
      const found = await unwrap(
        api.GET("/api/deployments", { params: { query: { search: name, limit: 500 } } }),
      );
      const exact = found.items.find((row) => row.name === name);
      if (exact || !/^\d+$/.test(name)) return exact ?? null;
      const all = await unwrap(api.GET("/api/deployments", { params: { query: { limit: 500 } } }));
      return all.items.find((row) => String(row.id) === name) ?? null;
    },
  });
}

/** What deploying would do. The old answer stays, dimmed, while a changed question is asked. */
export function previewQuery(wanted: PreviewIn | null) {
  return queryOptions({
    queryKey: listKey("deployment", "preview", wanted),
    queryFn: () => unwrap(api.POST("/api/deployments/preview", { body: wanted as PreviewIn })),
    enabled: wanted !== null,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}

export function deployModel(body: DeploymentIn): Promise<OperationOut> {
  return unwrap(api.POST("/api/deployments", { body }));
}

export function changeDeployment(id: number, body: DeploymentChangesIn): Promise<OperationOut> {
  return unwrap(
    api.PATCH("/api/deployments/{deployment_id}", {
      params: { path: { deployment_id: id } },
      body,
    }),
  );
}

export async function deleteDeployment(id: number): Promise<void> {
  await api.DELETE("/api/deployments/{deployment_id}", {
    params: { path: { deployment_id: id } },
  });
}

export type Verb = "start" | "stop" | "restart";

export function moveDeployment(id: number, verb: Verb): Promise<OperationOut> {
  const params = { path: { deployment_id: id } };
  switch (verb) {
    case "start":
      return unwrap(api.POST("/api/deployments/{deployment_id}/start", { params }));
    case "stop":
      return unwrap(api.POST("/api/deployments/{deployment_id}/stop", { params }));
    case "restart":
      return unwrap(api.POST("/api/deployments/{deployment_id}/restart", { params }));
  }
}

/** The keys that exist, to say who may call a deployment. */
export const keysQuery = queryOptions({
  queryKey: listKey("key", "live"),
  queryFn: () =>
    unwrap(api.GET("/api/keys", { params: { query: { revoked: false, limit: 500 } } })),
});

export const nodesQuery = queryOptions({
  queryKey: listKey("node", "all"),
  queryFn: () => unwrap(api.GET("/api/nodes", { params: { query: { limit: 500 } } })),
});

export function operationsOf(id: number) {
  return queryOptions({
    queryKey: listKey("operation", "deployment", id),
    queryFn: () =>
      unwrap(
        api.GET("/api/operations", {
          params: { query: { subject_type: "deployment", subject_id: String(id), limit: 50 } },
        }),
      ),
  });
}

export function whyQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("deployment", id, "why"),
    queryFn: () =>
      unwrap(
        api.GET("/api/deployments/{deployment_id}/why", {
          params: { path: { deployment_id: id } },
        }),
      ),
  });
}

const LINES_PER_PAGE = 2000;
const LOG_ASKED_EVERY_MS = 2000;

/** The model server's log. Nothing announces its lines, so it is asked for while it is looked at. */
export function replicaLogQuery(id: number, position: number) {
  const queryKey = oneKey("deployment", id, "log", position);
  return queryOptions({
    queryKey,
    queryFn: async ({ client }): Promise<LogBuffer> => {
      let buffer = client.getQueryData<LogBuffer>(queryKey) ?? EMPTY_LOG;
      for (;;) {
        const page = await unwrap(
          api.GET("/api/deployments/{deployment_id}/replicas/{position}/log", {
            params: {
              path: { deployment_id: id, position },
              query: { after: buffer.lastSequence, limit: LINES_PER_PAGE },
            },
          }),
        );
        // A new start writes a new log, whose numbers begin again.
        if (page.last_sequence < buffer.lastSequence) {
          buffer = EMPTY_LOG;
          continue;
        }
        buffer = addLines(
          buffer,
          page.items.map((line) => ({ ...line, step: "", level: levelOf(line.text) })),
        );
        if (page.items.length < LINES_PER_PAGE) return buffer;
      }
    },
    refetchInterval: LOG_ASKED_EVERY_MS,
    staleTime: 0,
  });
}

/** Model servers do not say levels, but their words do. */
export function levelOf(text: string): string {
  if (/\b(error|failed|fatal|abort|exception)\b/i.test(text)) return "error";
  if (/\bwarn(ing)?\b/i.test(text)) return "warning";
  return "info";
}

const REQUESTS_ASKED_EVERY_MS = 10_000;

const REPLICAS_NAMED = 5;

/**
 * The last hour of requests for a name, by minutes and by who answered. Asked for at a steady pace,
 * because under load there is an event for every request.
 */
export function lastHourQuery({ id, name }: DeploymentOut) {
  return queryOptions({
    queryKey: oneKey("deployment", id, "last-hour"),
    refetchInterval: REQUESTS_ASKED_EVERY_MS,
    queryFn: () => fetchLastHour({ model: name, group_by: "served_by", top: REPLICAS_NAMED }),
  });
}
