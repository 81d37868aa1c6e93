import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type StatusPart, statusQuery, toneOfVerdict } from "@/api/status";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { type Column, DataTable } from "@/ui/DataTable";
import { RetryIcon } from "@/ui/icons";
import { TableSkeleton } from "@/ui/Skeleton";

/** Does every part of Hearth work, and if not, what helps? */
export function StatusPage() {
  const t = useTranslations("status");
  const format = useFormat();
  const query = useQuery(statusQuery);
  const status = query.data;
  const toFix = status?.parts.filter((part) => part.state !== "good").length ?? 0;
  return (
    <PageFrame
      title={status ? verdictWords(t, status.verdict, toFix) : t("title")}
      place={t("title")}
      sentence={
        query.dataUpdatedAt > 0 && t("sentence", { moment: format.relative(query.dataUpdatedAt) })
      }
      actions={
        <Button icon={RetryIcon} busy={query.isFetching} onClick={() => query.refetch()}>
          {t("testNow")}
        </Button>
      }
    >
      <QueryView query={query} skeleton={<TableSkeleton rows={8} />}>
        {(data) => <Parts parts={data.parts} />}
      </QueryView>
    </PageFrame>
  );
}

function verdictWords(
  t: ReturnType<typeof useTranslations<"status">>,
  verdict: string,
  toFix: number,
): string {
  if (verdict === "works" || verdict === "not_serving") return t(`verdict.${verdict}`);
  return t("verdict.serving", { count: toFix });
}

function Parts({ parts }: { parts: readonly StatusPart[] }) {
  const t = useTranslations("status");
  const format = useFormat();
  const word = (state: string) =>
    t(`states.${state === "good" || state === "bad" ? state : "attention"}`);
  const columns: Column<StatusPart>[] = [
    {
      key: "part",
      head: t("part"),
      phone: "name",
      cell: (part) => <span className="name">{part.title}</span>,
    },
    {
      key: "state",
      head: t("state"),
      phone: "state",
      cell: (part) => (
        <StateBadge state="unknown" tone={toneOfVerdict(part.state)} label={word(part.state)} />
      ),
    },
    {
      key: "evidence",
      head: t("evidence"),
      phone: "number",
      cell: (part) => <span className="soft">{part.evidence}</span>,
    },
    {
      key: "fix",
      head: t("fix"),
      cell: (part) => <span style={{ whiteSpace: "normal" }}>{part.fix}</span>,
    },
    {
      key: "since",
      head: t("since"),
      align: "right",
      cell: (part) => <span className="dim">{format.moment(part.since)}</span>,
    },
  ];
  return (
    <DataTable label={t("table")} columns={columns} rows={parts} rowKey={(part) => part.name} />
  );
}
