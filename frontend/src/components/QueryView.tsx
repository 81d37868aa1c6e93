import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { CardSkeleton } from "@/ui/Skeleton";
import { ProblemNotice } from "./ProblemNotice";

interface QueryViewProps<Data> {
  query: UseQueryResult<Data>;
  /** In the final layout. */
  skeleton?: ReactNode;
  children: (data: Data) => ReactNode;
}

const SLOW_AFTER_MS = 8000;

/**
 * Data, or what stands in for it. What was known stays while it is asked for again, also when the
 * answer is an error: then the notice stands above it.
 */
export function QueryView<Data>({ query, skeleton, children }: QueryViewProps<Data>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isRefetchError && (
          <ProblemNotice error={query.error} onRetry={() => query.refetch()} />
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => query.refetch()} />;
  return (
    <>
      {skeleton ?? <CardSkeleton />}
      <StillAsking onRetry={() => query.refetch()} />
    </>
  );
}

function StillAsking({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations("components");
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isSlow) return null;
  return (
    <p className="row sm soft" role="status">
      {t("loading.slow")}
      <Button size="sm" onClick={onRetry}>
        {t("problem.tryAgain")}
      </Button>
    </p>
  );
}
