/** What the stand-in answers: a house with ten machines, in the shapes of the API. */
import type { OperationOut, StatusOut } from "../src/api/generated/schema";
import { logLines, stepRows } from "./operation";

const NOW = Date.now();
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

const session = {
  user: {
    id: 1,
    username: "ana",
    first_name: "Ana",
    last_name: "Kovač",
    language: "",
    theme: "auto",
    email: "ana@den.local",
  },
  team: { id: 1, name: "Maple Street", slug: "maple-street" },
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

function part(name: string, title: string, state: string, evidence: string, fix = "") {
  return { name, title, state, evidence, since: ago(90), fix };
}

const status = {
  verdict: "serving",
  sentence: "Serving, 1 thing to fix",
  parts: [
    part("gateway", "Gateway", "good", "p95 first token 0.41 s"),
    part("control_plane", "Control plane", "good", "4 workers, 0 waiting"),
    part("nodes", "Nodes", "good", "7 ready · 1 asleep"),
    part("deployments", "Deployments", "attention", "6 ready · 1 degraded", "Wake juniper."),
    part("voice", "Voice", "good", "1 of 4 seats in use"),
    part("database", "Database", "good", "1.2 GB, backed up 02:10"),
    part("storage", "Model storage", "good", "212 GB free of 931 GB"),
  ],
} as StatusOut;

type NodeRow = [name: string, state: string, power: string, load: number, hardware: string];

const nodeRows: NodeRow[] = [
  ["den", "ready", "on", 0.35, "Ryzen 5 5600G · AVX2"],
  ["oak", "ready", "on", 0.97, "i5-9600K · RTX 3090 24 GB"],
  ["birch", "ready", "on", 0.62, "i7-4790 · AVX2"],
  ["elm", "ready", "on", 0.24, "i5-3470 · AVX"],
  ["rowan", "ready", "on", 0.8, "2 × Xeon E5-2680 v4 · AVX2"],
  ["willow", "ready", "on", 0.3, "i5-7500 · GTX 1060 6 GB"],
  ["hazel", "ready", "on", 0.12, "Core 2 Duo E8400 · SSE4.1"],
  ["alder", "ready", "asleep", 0, "i7-3770 · GTX 970 4 GB"],
  ["cedar", "provisioning", "on", 0, "i7-6700 · RTX 2060 12 GB"],
  ["juniper", "unreachable", "unknown", 0, "i5-6500 · GTX 1070 8 GB"],
];

const nodes = nodeRows.map(([name, state, power, load, hardware], index) => ({
  id: index + 1,
  name,
  address: `192.168.1.${20 + index}`,
  state,
  state_reason: state === "unreachable" ? "No answer to SSH or ping." : "",
  state_since: ago(12),
  state_deadline: null,
  allowed_actions: [],
  power,
  is_control_plane: name === "den",
  labels: {},
  hardware,
  facts: { gpus: [], disks: [], mounts: [], network: [], unknown: {} },
  facts_at: ago(60),
  last_seen_at: ago(0),
  created_at: ago(9000),
  latest: {
    at: ago(0),
    cpu_share: load,
    load_1m: load * 6,
    memory_total: 32e9,
    memory_available: 20e9,
    disk_total: 931e9,
    disk_free: 212e9,
    gpus: [],
  },
}));

const serving: [name: string, state: string, nodeId: number][] = [
  ["qwen3-30b", "ready", 2],
  ["embed", "ready", 3],
  ["rag", "ready", 3],
  ["llama-8b", "ready", 4],
  ["coder", "degraded", 6],
  ["lfm2-350m", "ready", 7],
];

const deployments = serving.map(([name, state, nodeId], index) => ({
  id: index + 1,
  name,
  ai_model: { id: index + 1, name },
  state,
  state_reason:
    state === "degraded"
      ? "juniper stopped answering 12 minutes ago. Requests go to willow and are slower: 14 tokens/s instead of 31."
      : "",
  state_since: ago(12),
  state_deadline: null,
  allowed_actions: [],
  runtime: "local",
  replica_count: 1,
  ready_replicas: 1,
  context_length: 8192,
  slots: 4,
  kv_type: "f16",
  threads: null,
  node_labels: {},
  keep_warm: true,
  idle_seconds: null,
  last_used_at: ago(1),
  created_at: ago(9000),
  updated_at: ago(90),
  replicas: [
    {
      id: index + 1,
      position: 1,
      node: { id: nodeId, name: nodes[nodeId - 1]?.name },
      state: "ready",
      state_reason: "",
      state_since: ago(90),
      allowed_actions: [],
      exits: [],
      restarts: 0,
    },
  ],
}));

function operation(id: string, title: string, state: string, progress: number, text: string) {
  return {
    id,
    kind: "nodes.provision_node",
    title,
    subject_type: "node",
    subject_id: "9",
    subject_name: "cedar",
    requested_by: "Ana",
    state,
    state_reason: "",
    state_since: ago(3),
    state_deadline: null,
    allowed_actions: [{ action: "cancel_operation", allowed: true, reason: null }],
    error: "",
    fix: "",
    progress,
    progress_text: text,
    attempt: 2,
    created_at: ago(9),
    started_at: ago(3),
    finished_at: null,
    last_sequence: logLines.length,
  } as unknown as OperationOut;
}

const operations = [
  operation("0001", "Provision cedar", "running", 0.62, "step 7 of 10 · 2 min left"),
  operation("0002", "Download gpt-oss-20b", "running", 0.65, "7.9 of 12.1 GB · 41 MB/s"),
];

const speeds: [model: string, tokensPerSecond: number][] = [
  ["qwen3-30b", 44],
  ["llama-8b", 29],
  ["coder", 14],
];

const requests = Array.from({ length: 60 }, (_, minute) =>
  speeds.map(([model, speed]) => ({
    id: `${minute}-${model}`,
    at: ago(minute),
    model,
    completion_tokens: speed * 60 * (1 + 0.25 * Math.sin(minute / 3 + speed)),
    total_ms: 60_000,
  })),
).flat();

const page = (items: readonly unknown[]) => ({ items, next_cursor: null });

const keys = Array.from({ length: 11 }, (_, id) => ({ id, state: "active", allowed_actions: [] }));

export function answer(method: string, url: URL): unknown {
  const path = url.pathname.replace(/\/$/, "");
  if (method === "DELETE") return {};
  const table: Record<string, unknown> = {
    "/session": session,
    "/status": status,
    "/nodes": page(nodes),
    "/deployments": page(deployments),
    "/operations": page(operations),
    "/operations/0001": operations[0],
    "/operations/0001/steps": page(stepRows),
    "/operations/0001/log": { items: logLines, last_sequence: logLines.length },
    "/requests": page(requests),
    "/keys": page(keys),
  };
  return table[path] ?? (method === "GET" ? page([]) : undefined);
}
