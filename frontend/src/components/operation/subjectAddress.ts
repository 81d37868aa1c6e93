interface WithSubject {
  subject_type: string;
  subject_id: string;
  subject_name: string;
}

const PLACES: Record<string, string> = {
  node: "/nodes/$name",
  ai_model: "/models/$name",
  deployment: "/deployments/$name",
};

/** The page of what an operation is about, or null when it has none. */
export function subjectAddress({ subject_type, subject_id, subject_name }: WithSubject) {
  if (subject_type === "upstream") {
    return { to: "/upstreams/$upstreamId", params: { upstreamId: subject_id } } as const;
  }
  const to = PLACES[subject_type];
  if (!to || !subject_name) return null;
  return { to, params: { name: subject_name } } as const;
}
