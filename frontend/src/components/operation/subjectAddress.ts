interface WithSubject {
  subject_type: string;
  subject_name: string;
}

const PLACES: Record<string, string> = {
  node: "/nodes/$name",
  ai_model: "/models/$name",
  deployment: "/deployments/$name",
};

/** The page of what an operation is about, or null when it has none. */
export function subjectAddress(operation: WithSubject) {
  const to = PLACES[operation.subject_type];
  if (!to || !operation.subject_name) return null;
  return { to, params: { name: operation.subject_name } } as const;
}
