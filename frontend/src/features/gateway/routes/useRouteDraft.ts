import { useEffect, useMemo, useState } from "react";
import type { RouteOut } from "@/api/generated/schema";
import { changesBetween } from "./changes";
import { documentFrom, draftOf, problemsOf, type RouteDraft, toDocument } from "./draft";

/** A route while it is edited: the draft, what it was begun from, and what differs. */
export function useRouteDraft(route: RouteOut) {
  const [base, setBase] = useState(() => ({
    document: documentFrom(route),
    version: route.version,
  }));
  const [draft, setDraft] = useState(() => draftOf(base.document));
  const document = useMemo(() => toDocument(draft), [draft]);
  const changes = useMemo(() => changesBetween(base.document, document), [base, document]);
  const problem = problemsOf(draft)[0] ?? null;
  const isChanged = changes.length > 0 || (problem !== null && !isWhole(draft));

  function startFrom(stored: RouteOut) {
    const next = documentFrom(stored);
    setBase({ document: next, version: stored.version });
    setDraft(draftOf(next));
  }

  // Somebody has saved a newer one: taken over while nothing was changed here.
  const isBehind = route.version !== base.version;
  useEffect(() => {
    if (isBehind && !isChanged) startFrom(route);
  });

  return {
    draft,
    set: (change: Partial<RouteDraft>) => setDraft({ ...draft, ...change }),
    base,
    document,
    changes,
    problem,
    isChanged,
    isBehind: isBehind && isChanged,
    startFrom,
  };
}

/** Whether every place and step has been chosen: only then does the document say everything. */
function isWhole(draft: RouteDraft): boolean {
  return (
    draft.targets.every((target) => target.place !== null) &&
    draft.fallbacks.every((step) => step.to !== null)
  );
}
