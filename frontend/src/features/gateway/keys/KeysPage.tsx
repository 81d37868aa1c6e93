import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { DataTable } from "@/ui/DataTable";
import { PlusIcon } from "@/ui/icons";
import { TableSkeleton } from "@/ui/Skeleton";
import { Stats } from "@/ui/Stats";
import { usageQuery } from "../usage/queries";
import { startOfToday, totalsOf } from "../usage/today";
import { IssueKeyDialog } from "./IssueKeyDialog";
import { useKeyColumns } from "./keyColumns";
import { keysQuery } from "./queries";
import { TestKeyDialog } from "./TestKeyDialog";

const MINUTE_MS = 60_000;

/** What may call, and who does? */
export function KeysPage() {
  const t = useTranslations("keys.list");
  const tAll = useTranslations("gateway");
  const [view, setView] = useView();
  const mayIssue = useMay("use_own_keys");
  const query = useQuery(keysQuery);
  const newKey = mayIssue && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "new-key" })}>
      {t("new")}
    </Button>
  );
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tAll("title") }]}
      sentence={t("sentence")}
      actions={
        <>
          <Button onClick={() => setView({ dialog: "test-key" })}>{t("test")}</Button>
          {newKey}
        </>
      }
    >
      <QueryView query={query} skeleton={<TableSkeleton />}>
        {({ items }) =>
          items.length === 0 ? <Empty action={newKey}>{t("empty")}</Empty> : <Keys rows={items} />
        }
      </QueryView>
      {view.dialog === "new-key" && (
        <IssueKeyDialog onClose={() => setView({ dialog: undefined })} />
      )}
      {view.dialog === "test-key" && (
        <TestKeyDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function Keys({ rows }: { rows: readonly KeyOut[] }) {
  const t = useTranslations("keys.list");
  const now = useTick(MINUTE_MS);
  const today = useQuery(usageQuery("key", startOfToday(new Date(now)))).data?.items;
  const tokens = new Map(
    today?.map((group) => [
      Number(group.group_id),
      group.prompt_tokens + group.completion_tokens,
    ]) ?? [],
  );
  const columns = useKeyColumns(today ? tokens : null);
  return (
    <>
      {today && <Today groups={today} />}
      <DataTable
        label={t("title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        isDimmed={(row) => row.state !== "active"}
      />
    </>
  );
}

function Today({ groups }: { groups: Parameters<typeof totalsOf>[0] }) {
  const t = useTranslations("keys.today");
  const format = useFormat();
  const sum = totalsOf(groups);
  const tokens = format.shortCount(sum.promptTokens + sum.completionTokens).split(/\s/);
  const first = format.duration(sum.firstByteMs).split(/\s/);
  return (
    <Stats
      items={[
        {
          label: t("requests"),
          value: format.exact(sum.requests),
          below: t("failed", { count: sum.failed }),
        },
        {
          label: t("tokens"),
          value: tokens[0],
          unit: tokens[1],
          below: t("inOut", {
            in: format.shortCount(sum.promptTokens),
            out: format.shortCount(sum.completionTokens),
          }),
        },
        { label: t("firstToken"), value: first[0], unit: first[1], below: t("mean") },
        {
          label: t("answered"),
          value: sum.requests > 0 ? format.share((sum.requests - sum.failed) / sum.requests) : "·",
          below: t("ofAll"),
        },
      ]}
    />
  );
}
