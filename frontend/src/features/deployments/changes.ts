/** What differs between how a deployment runs and how it is wanted. */
import type { DeploymentChangesIn, DeploymentOut } from "@/api/generated/schema";
import { type Draft, FIRST_DRAFT } from "./wanted";

export function draftOf(deployment: DeploymentOut): Draft {
  return {
    name: deployment.name,
    contextLength: deployment.context_length,
    replicas: deployment.replica_count,
    slots: deployment.slots,
    kvType: deployment.kv_type as Draft["kvType"],
    unloads: !deployment.keep_warm,
    unloadMinutes: deployment.idle_seconds
      ? Math.max(1, Math.round(deployment.idle_seconds / 60))
      : FIRST_DRAFT.unloadMinutes,
  };
}

/** Only the fields that change. `keep_warm` and `idle_seconds` go together. */
export function changesBetween(before: Draft, after: Draft): DeploymentChangesIn {
  const changes: Omit<DeploymentChangesIn, "force"> = {};
  if (after.replicas !== before.replicas) changes.replicas = after.replicas;
  if (after.contextLength !== before.contextLength) changes.context_length = after.contextLength;
  if (after.slots !== before.slots) changes.slots = after.slots;
  if (after.kvType !== before.kvType) changes.kv_type = after.kvType;
  const idleChanged = after.unloads && after.unloadMinutes !== before.unloadMinutes;
  if (after.unloads !== before.unloads || idleChanged) {
    changes.keep_warm = !after.unloads;
    if (after.unloads) changes.idle_seconds = after.unloadMinutes * 60;
  }
  return changes as DeploymentChangesIn;
}

export function countChanges(changes: DeploymentChangesIn): number {
  const words = Object.keys(changes).filter((word) => word !== "force");
  return words.includes("keep_warm") && words.includes("idle_seconds")
    ? words.length - 1
    : words.length;
}
