import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { OperationOut } from "@/api/generated/schema";
import { Empty, NoMatch } from "@/components/Empty";
import { OperationTable } from "@/components/operation/OperationTable";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { StateChips } from "@/components/StateChips";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { Button, ButtonLink } from "@/ui/Button";
import { Segments } from "@/ui/Chips";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { operationsQuery } from "./data";
import { FILTER_STATES, FILTER_SUBJECTS, isFiltered, matchesWords, readFilters } from "./filters";
import styles from "./operations.module.css";

export function OperationsPage() {
  const t = useTranslations("operations");
  const [view, setView] = useView();
  const filters = readFilters(view);
  const words = view.q ?? "";
  const query = useInfiniteQuery(operationsQuery(filters));
  const known = query.data?.pages.flatMap((page) => page.items);
  const count = (state: string) => known?.filter((row) => row.state === state).length ?? 0;
  // Only a whole list can be counted; of one page the numbers would be wrong.
  const isWhole = known !== undefined && !filters.state && !query.hasNextPage;

  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      sentence={
        isWhole
          ? t("sentence", { running: count("running"), failed: count("failed") })
          : t("asking")
      }
    >
      <div className={styles.filters}>
        <StateChips
          label={t("filter.state")}
          all={t("filter.all")}
          {...(isWhole ? { total: known.length } : {})}
          states={FILTER_STATES.filter((state) => !isWhole || count(state) > 0).map((state) => ({
            state,
            ...(isWhole ? { count: count(state) } : {}),
          }))}
          value={filters.state ?? ""}
          onChange={(state) => setView({ state: state || undefined })}
        />
        <div className="row wrap">
          <span className="desk">
            <SearchInput
              value={words}
              onChange={(q) => setView({ q: q || undefined })}
              placeholder={t("filter.search")}
            />
          </span>
          <Segments
            label={t("filter.subject")}
            choices={(["all", ...FILTER_SUBJECTS] as const).map((value) => ({
              value,
              label: t(`filter.subjects.${value}`),
            }))}
            value={filters.subject_type ?? "all"}
            onChange={(value) => setView({ subject: value === "all" ? undefined : value })}
          />
        </div>
      </div>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />}
      {known ? (
        <Rows
          rows={known}
          words={words}
          isFiltered={isFiltered(filters, words)}
          onClear={() => setView({ state: undefined, subject: undefined, q: undefined })}
          {...(query.hasNextPage ? { onMore: () => void query.fetchNextPage() } : {})}
          isLoadingMore={query.isFetchingNextPage}
        />
      ) : (
        !query.isError && <TableSkeleton />
      )}
    </PageFrame>
  );
}

interface RowsProps {
  rows: readonly OperationOut[];
  words: string;
  isFiltered: boolean;
  onClear: () => void;
  onMore?: () => void;
  isLoadingMore: boolean;
}

function Rows({ rows, words, isFiltered: filtered, onClear, onMore, isLoadingMore }: RowsProps) {
  const t = useTranslations("operations");
  const titleOf = useOperationTitle();
  const now = useTick(
    1000,
    rows.some((row) => row.state === "running"),
  );
  const shown = rows.filter((row) =>
    matchesWords([titleOf(row), row.subject_name, row.requested_by ?? "", row.kind], words),
  );
  if (shown.length === 0 && filtered) {
    return <NoMatch filter={words || t("filter.described")} onClear={onClear} />;
  }
  if (shown.length === 0) {
    return (
      <Empty action={<ButtonLink to="/models">{t("openCatalogue")}</ButtonLink>}>
        {t("empty")}
      </Empty>
    );
  }
  return (
    <OperationTable
      operations={shown}
      now={now}
      footer={
        onMore && (
          <Button size="sm" busy={isLoadingMore} onClick={onMore}>
            {t("more")}
          </Button>
        )
      }
    />
  );
}
