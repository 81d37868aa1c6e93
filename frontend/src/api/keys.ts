/**
 * Query keys. The first word is the subject of events, so that an event can name what to refetch:
 * `[subject, "list", …]` for lists and `[subject, id, …]` for one row and all that hangs on it.
 */

export type Subject =
  | "node"
  | "ai_model"
  | "deployment"
  | "replica"
  | "operation"
  | "key"
  | "limits"
  | "upstream"
  | "route"
  | "usage"
  | "user"
  | "team"
  | "audit"
  | "session"
  | "status";

export function listKey(subject: Subject, ...filters: readonly unknown[]) {
  return [subject, "list", ...filters] as const;
}

export function oneKey(subject: Subject, id: string | number, ...part: readonly unknown[]) {
  return [subject, String(id), ...part] as const;
}

/** Whether an event about this subject (and row) makes the query stale. */
export function isTouched(
  queryKey: readonly unknown[],
  event: { subject: string; subjectId: string },
): boolean {
  const [subject, place] = queryKey;
  if (subject === "status") return event.subject !== "usage";
  // A replica is shown on its deployment and on its node; usage shows on keys and deployments.
  const alsoShows: Record<string, readonly string[]> = {
    replica: ["deployment", "node"],
    usage: ["key", "limits"],
    limits: ["key"],
    deployment: ["route"],
    upstream: ["route"],
  };
  if (alsoShows[event.subject]?.includes(String(subject))) return true;
  if (subject !== event.subject) return false;
  return place === "list" || event.subjectId === "" || place === event.subjectId;
}
