import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { StatusPartOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { statusQuery, toneOfVerdict } from "@/api/status";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useStatusWords } from "@/components/useStatusWords";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { type Column, DataTable } from "@/ui/DataTable";
import { RetryIcon, ZapIcon } from "@/ui/icons";
import { TableSkeleton } from "@/ui/Skeleton";
import { TrialCard } from "./TrialCard";

/** Does every part of Hearth work, and if not, what helps? */
export function StatusPage() {
  const t = useTranslations("status");
  const format = useFormat();
  const words = useStatusWords();
  const mayTest = useMay("chat");
  const query = useQuery(statusQuery);
  // Its own state: the page also asks by itself, and a button that nobody pressed must not turn.
  const check = useMutation({ mutationFn: () => query.refetch() });
  const trial = useMutation({ mutationFn: () => unwrap(api.POST("/api/status/test")) });
  return (
    <PageFrame
      title={query.data ? words.verdict(query.data) : t("title")}
      place={t("title")}
      sentence={
        query.dataUpdatedAt > 0 && t("sentence", { moment: format.relative(query.dataUpdatedAt) })
      }
      actions={
        <>
          <Button icon={RetryIcon} busy={check.isPending} onClick={() => check.mutate()}>
            {t("testNow")}
          </Button>
          {mayTest && (
            <Button kind="go" icon={ZapIcon} busy={trial.isPending} onClick={() => trial.mutate()}>
              {t("testEverything")}
            </Button>
          )}
        </>
      }
    >
      {trial.isError && <ProblemNotice error={trial.error} onRetry={() => trial.mutate()} />}
      {trial.data && <TrialCard trial={trial.data} />}
      <QueryView query={query} skeleton={<TableSkeleton rows={8} />}>
        {(data) => <Parts parts={data.parts} />}
      </QueryView>
    </PageFrame>
  );
}

function Parts({ parts }: { parts: readonly StatusPartOut[] }) {
  const t = useTranslations("status");
  const format = useFormat();
  const words = useStatusWords();
  const word = (state: string) =>
    t(`states.${state === "good" || state === "bad" ? state : "attention"}`);
  const columns: Column<StatusPartOut>[] = [
    {
      key: "part",
      head: t("part"),
      phone: "name",
      cell: (part) => <span className="name">{words.part(part)}</span>,
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
