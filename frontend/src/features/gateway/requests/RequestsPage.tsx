import {
  type InfiniteData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { RequestOut } from "@/api/generated/schema";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { useView } from "@/components/useView";
import { Button, ButtonAnchor, ButtonLink } from "@/ui/Button";
import { DataTable } from "@/ui/DataTable";
import { ArrowUpIcon, DownloadIcon } from "@/ui/icons";
import { TableSkeleton } from "@/ui/Skeleton";
import { FilterBar } from "./FilterBar";
import { csvAddress, filtersOf, NO_FILTERS, type RequestFilters } from "./filters";
import { newerQuery, requestsQuery } from "./queries";
import { useRequestColumns } from "./requestColumns";
import styles from "./requests.module.css";

const MINUTE_MS = 60_000;

/** Every request: who asked, what answered, how long it took. */
export function RequestsPage() {
  const t = useTranslations("requests");
  const tGateway = useTranslations("gateway");
  const [view, setView] = useView();
  // Of the moment it was last looked at, so that the list stays the same while it is read.
  const [lookedAt, setLookedAt] = useState(() => Date.now());
  const filters = useMemo(
    () => filtersOf(view, Math.floor(lookedAt / MINUTE_MS) * MINUTE_MS),
    [view, lookedAt],
  );
  const query = useInfiniteQuery(requestsQuery(filters));
  const rows = query.data?.pages.flatMap((page) => page.items);
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tGateway("title") }]}
      sentence={t("sentence")}
      actions={
        <ButtonAnchor icon={DownloadIcon} href={csvAddress(filters)} download="hearth-requests.csv">
          {t("csv")}
        </ButtonAnchor>
      }
    >
      <FilterBar />
      {query.isError && <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />}
      {!rows && !query.isError && <TableSkeleton />}
      {rows?.length === 0 &&
        (isFiltered ? (
          <NoMatch filter={view.q || t("thisFilter")} onClear={() => setView(NO_FILTERS)} />
        ) : (
          <Empty
            action={
              <ButtonLink to="/keys" search={{ dialog: "new-key" }}>
                {t("newKey")}
              </ButtonLink>
            }
          >
            {t("empty")}
          </Empty>
        ))}
      {rows && rows.length > 0 && (
        <Rows
          rows={rows}
          isOld={query.isPlaceholderData}
          onNewer={() => setLookedAt(Date.now())}
          filters={filters}
          more={
            query.hasNextPage && (
              <Button
                size="sm"
                busy={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {t("more")}
              </Button>
            )
          }
        />
      )}
    </PageFrame>
  );
}

interface RowsProps {
  rows: RequestOut[];
  /** Of the filter before, while the new one is asked for. */
  isOld: boolean;
  filters: RequestFilters;
  onNewer: () => void;
  more: ReactNode;
}

/** Rows never jump under the pointer: new ones wait until they are asked for. */
function Rows({ rows, isOld, filters, onNewer, more }: RowsProps) {
  const t = useTranslations("requests");
  const tList = useTranslations("components.list");
  const columns = useRequestColumns();
  const queryClient = useQueryClient();
  const newer = useQuery({ ...newerQuery(filters, rows[0]), enabled: !isOld }).data ?? 0;

  function show() {
    onNewer();
    // Only the first page is asked for again: the rest would have moved.
    const { queryKey } = requestsQuery(filters);
    queryClient.setQueryData(queryKey, firstPage);
    void queryClient.refetchQueries({ queryKey });
  }

  return (
    <div className={styles.rows} data-old={isOld || undefined}>
      {newer > 0 && (
        <p className={styles.newer} role="status">
          <Button size="sm" icon={ArrowUpIcon} onClick={show}>
            {tList("newRows", { count: String(newer) })}
          </Button>
        </p>
      )}
      <DataTable
        label={t("title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        footer={more}
      />
    </div>
  );
}

function firstPage<Page, Param>(
  data: InfiniteData<Page, Param> | undefined,
): InfiniteData<Page, Param> | undefined {
  return data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}
