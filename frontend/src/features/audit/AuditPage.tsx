import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Empty, NoMatch } from "@/components/Empty";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Chips } from "@/ui/Chips";
import { DownloadIcon } from "@/ui/icons";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { AuditTable } from "./AuditTable";
import { auditQuery, checkChain, fetchAll, RESULTS, type Result } from "./data";
import { subjectName, toCsv } from "./entries";
import { useActionWords } from "./useActionWords";

export function AuditPage() {
  const t = useTranslations("audit");
  const [view, setView] = useView();
  const result = RESULTS.find((one) => one === view.filter);
  const query = useAudit(result);
  const check = useMutation({ mutationFn: checkChain });

  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      sentence={t("sentence")}
      actions={
        <>
          <ExportButton result={result} />
          <Button kind="go" busy={check.isPending} onClick={() => check.mutate()}>
            {t("verify")}
          </Button>
        </>
      }
      notice={
        <>
          {check.error && <ProblemNotice error={check.error} onRetry={() => check.mutate()} />}
          {check.data && <ChainNotice {...check.data} />}
        </>
      }
    >
      <div className="row between wrap">
        <Chips
          label={t("filter.result")}
          choices={(["all", ...RESULTS] as const).map((value) => ({
            value,
            label: t(`filter.${value}`),
          }))}
          value={result ?? "all"}
          onChange={(value) => setView({ filter: value === "all" ? undefined : value })}
        />
        <span className="desk">
          <SearchInput
            value={view.q ?? ""}
            onChange={(q) => setView({ q: q || undefined })}
            placeholder={t("filter.search")}
          />
        </span>
      </div>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data ? <Rows query={query} /> : !query.isError && <TableSkeleton rows={8} />}
    </PageFrame>
  );
}

function Rows({ query }: { query: ReturnType<typeof useAudit> }) {
  const t = useTranslations("audit");
  const [view, setView] = useView();
  const words = useActionWords();
  const wanted = (view.q ?? "").toLowerCase().split(/\s+/);
  const known = query.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = known.filter((entry) => {
    const text = [entry.actor_name, words(entry.action), entry.action, subjectName(entry)];
    return wanted.every((word) => text.join(" ").toLowerCase().includes(word));
  });
  if (shown.length === 0 && (view.q || view.filter)) {
    return (
      <NoMatch
        filter={view.q || t("filter.described")}
        onClear={() => setView({ q: undefined, filter: undefined })}
      />
    );
  }
  if (shown.length === 0) return <Empty>{t("empty")}</Empty>;
  return (
    <AuditTable
      entries={shown}
      footer={
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
  );
}

function useAudit(result: Result | undefined) {
  return useInfiniteQuery(auditQuery(result));
}

function ChainNotice({ whole, broken_at }: { whole: boolean; broken_at?: number | null }) {
  const t = useTranslations("audit.verified");
  const format = useFormat();
  return whole ? (
    <Notice tone="good" title={t("whole")}>
      {t("wholeBody", { moment: format.moment(Date.now()) })}
    </Notice>
  ) : (
    <Notice tone="bad" title={t("broken", { id: String(broken_at ?? "·") })}>
      {t("brokenBody")}
    </Notice>
  );
}

function ExportButton({ result }: { result: Result | undefined }) {
  const t = useTranslations("audit");
  const save = useMutation({
    mutationFn: () => fetchAll(result),
    onSuccess: (entries) => {
      const url = URL.createObjectURL(new Blob([toCsv(entries)], { type: "text/csv" }));
      const link = document.createElement("a");
      link.href = url;
      link.download = `hearth-audit-${new Date().toISOString().slice(0, 10)}.csv`;
      link.click();
      URL.revokeObjectURL(url);
    },
  });
  return (
    <Button icon={DownloadIcon} busy={save.isPending} onClick={() => save.mutate()}>
      {t("exported")}
    </Button>
  );
}
