/** What the stand-in answers: a house with a few machines, in the shapes of the API. */
import type { OperationOut, SessionOut, StatusOut } from "../src/api/generated/schema";

const NOW = Date.now();
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

const session: SessionOut = {
  user: { id: 1, username: "ana", name: "Ana Kovač", email: "ana@den.local" },
  team: { id: 1, name: "Maple Street" },
  role: "admin",
  permissions: [
    "view",
    "chat",
    "use_own_keys",
    "operate",
    "deploy",
    "manage_nodes",
    "manage_gateway",
    "view_usage",
    "view_audit",
    "manage_people",
    "manage_settings",
  ],
};

const status: StatusOut = {
  verdict: "serving",
  sentence: "Serving, 1 thing to fix",
  parts: [
    part("gateway", "Gateway", "good", "p95 first token 0.41 s"),
    part("control_plane", "Control plane", "good", "4 workers, 0 waiting"),
    part("nodes", "Nodes", "attention", "7 ready · 1 asleep · 1 silent", "Wake juniper."),
    part("deployments", "Deployments", "attention", "6 ready · 1 degraded"),
    part("database", "Database", "good", "1.2 GB, backed up 02:10"),
    part("storage", "Model storage", "good", "212 GB free of 931 GB"),
  ],
};

function part(name: string, title: string, state: string, evidence: string, fix = "") {
  return { name, title, state, evidence, since: ago(90), fix };
}

const operations: OperationOut[] = [];

export function answer(method: string, url: URL): unknown {
  const path = url.pathname.replace(/\/$/, "");
  if (method === "DELETE") return {};
  const table: Record<string, unknown> = {
    "/session": session,
    "/status": status,
    "/operations": { items: operations, next_cursor: null },
  };
  return table[path] ?? (method === "GET" ? { items: [], next_cursor: null } : undefined);
}
