/** What the deploy dialog collects, and what is asked of the API with it. */
import type { DeploymentIn, MemoryPartOut, NodeFitOut, PreviewIn } from "@/api/generated/schema";

export interface Draft {
  name: string;
  contextLength: number;
  replicas: number;
  slots: number;
  kvType: "f16" | "q8_0" | "q4_0";
  unloads: boolean;
  unloadMinutes: number;
}

export const FIRST_DRAFT: Draft = {
  name: "",
  contextLength: 4096,
  replicas: 1,
  slots: 2,
  kvType: "f16",
  unloads: false,
  unloadMinutes: 30,
};

/** A name that clients can type, made from a title: "Qwen3 4B Instruct" → "qwen3-4b-instruct". */
export function proposedName(title: string): string {
  return title
    .toLowerCase()
    .replace(/\.gguf$/, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 100);
}

/** The first name that is still free: "tiny", "tiny-2", "tiny-3". */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

export function isGoodName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/.test(name) && name.length <= 100;
}

export function toPreview(draft: Draft, aiModelId: number): PreviewIn {
  return {
    name: isGoodName(draft.name) ? draft.name : "",
    ai_model: aiModelId,
    replicas: draft.replicas,
    runtime: "local",
    context_length: draft.contextLength,
    slots: draft.slots,
    kv_type: draft.kvType,
    node_labels: {},
    keep_warm: !draft.unloads,
    idle_seconds: draft.unloads ? draft.unloadMinutes * 60 : null,
    force: false,
  };
}

export function toDeployment(draft: Draft, aiModelId: number, force: boolean): DeploymentIn {
  return { ...toPreview(draft, aiModelId), name: draft.name, force };
}

/** The body as a command that a person can run. The token stays where it is kept. */
export function asApiCall(body: DeploymentIn, origin: string): string {
  const sent = Object.fromEntries(
    Object.entries(body).filter(
      ([word, value]) =>
        value !== null && value !== false && !(word === "node_labels" || word === "runtime"),
    ),
  );
  return `curl ${origin}/api/deployments \\
  -H "Authorization: Bearer $HEARTH_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(sent)}'`;
}

/** A suggestion's changes, taken into the draft. Fields the dialog does not know are left. */
export function applyChanges(draft: Draft, changes: Record<string, unknown>): Draft {
  const next = { ...draft };
  if (typeof changes.context_length === "number") next.contextLength = changes.context_length;
  if (typeof changes.slots === "number") next.slots = changes.slots;
  if (typeof changes.replicas === "number") next.replicas = changes.replicas;
  if (changes.kv_type === "f16" || changes.kv_type === "q8_0" || changes.kv_type === "q4_0") {
    next.kvType = changes.kv_type;
  }
  return next;
}

/** An estimate's parts as the three shares of a bar. Bytes. */
export function shares(parts: readonly MemoryPartOut[]) {
  const sum = (names: (name: string) => boolean) =>
    parts.filter((part) => names(part.name)).reduce((all, part) => all + part.bytes, 0);
  return {
    weights: sum((name) => name === "weights"),
    context: sum((name) => name === "kv"),
    working: sum((name) => name !== "weights" && name !== "kv"),
  };
}

/** The nodes, those it fits on first, the roomiest first. */
export function inOrderOfRoom(nodes: readonly NodeFitOut[]): NodeFitOut[] {
  return [...nodes].sort((one, other) => other.spare_bytes - one.spare_bytes);
}

/** The longest context of the steps that still fits, by what one token more costs. */
export function longestThatFits(
  steps: readonly number[],
  contextLength: number,
  fit: NodeFitOut,
): number | null {
  const { context } = shares(fit.parts ?? []);
  if (context <= 0) return null;
  const perToken = context / contextLength;
  const most = contextLength + fit.spare_bytes / perToken;
  return steps.filter((step) => step <= most).at(-1) ?? null;
}
