import { useInfiniteQuery } from "@tanstack/react-query";
import { useLocale, useTranslations } from "use-intl";
import type { RequestOut } from "@/api/generated/schema";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { Chips } from "@/ui/Chips";
import { type Column, DataTable, TwoLines } from "@/ui/DataTable";
import { TableSkeleton } from "@/ui/Skeleton";
import { sayMilliseconds } from "./milliseconds";
import { requestsQuery } from "./queries";
import { RequestPanel } from "./RequestPanel";

const CLIENT_LEFT = 499;

/** Every request: who asked, what answered, how long it took. */
export function RequestsPage() {
  const t = useTranslations("gateway.requests");
  const tAll = useTranslations("gateway");
  const tList = useTranslations("components.list");
  const [view, setView] = useView();
  const columns = useColumns();
  const filters = {
    ...(view.filter === "failed" ? { failed: true } : {}),
    ...(view.filter === "answered" ? { failed: false } : {}),
    ...(view.subject ? { key_id: Number(view.subject) } : {}),
    ...(view.model ? { model: view.model } : {}),
  };
  const query = useInfiniteQuery(requestsQuery(filters));
  const rows = query.data?.pages.flatMap((page) => page.items);
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tAll("title") }]}
      sentence={t("sentence")}
    >
      <div className="row wrap between">
        <Chips
          label={t("outcome")}
          value={view.filter ?? ""}
          choices={[
            { value: "", label: t("all") },
            { value: "answered", label: t("answered") },
            { value: "failed", label: t("failed") },
          ]}
          onChange={(filter) => setView({ filter: filter || undefined })}
        />
        {(view.subject || view.model) && (
          <Button size="sm" onClick={() => setView({ subject: undefined, model: undefined })}>
            {t("everyKey")}
          </Button>
        )}
      </div>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />}
      {!rows && !query.isError && <TableSkeleton />}
      {rows?.length === 0 &&
        (isFiltered ? (
          <NoMatch
            filter={view.filter === "failed" ? t("failed") : t("thisFilter")}
            onClear={() => setView({ filter: undefined, subject: undefined, model: undefined })}
          />
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
        <DataTable
          label={t("title")}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.id}
          isSelected={(row) => row.id === view.step}
          footer={
            query.hasNextPage && (
              <Button
                size="sm"
                busy={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {tList("more")}
              </Button>
            )
          }
        />
      )}
      {view.step && <RequestPanel id={view.step} onClose={() => setView({ step: undefined })} />}
    </PageFrame>
  );
}

export function Outcome({ request }: { request: RequestOut }) {
  const t = useTranslations("gateway.requests");
  const status = String(request.status);
  if (request.status === CLIENT_LEFT) {
    return <StateBadge bare state="cancelled" label={t("left")} />;
  }
  if (request.status >= 500) {
    return <StateBadge bare state="failed" label={t("brokeWith", { status })} />;
  }
  if (request.status >= 400) {
    return <StateBadge bare state="waiting" label={t("refusedWith", { status })} />;
  }
  return <StateBadge bare state="succeeded" label={t("answered")} />;
}

function useColumns(): Column<RequestOut>[] {
  const t = useTranslations("gateway.requests");
  const format = useFormat();
  const locale = useLocale();
  const [, setView] = useView();
  return [
    {
      key: "model",
      head: t("column.model"),
      phone: "name",
      cell: (row) => (
        <TwoLines note={row.endpoint}>
          <button
            type="button"
            className="link"
            style={{ color: "inherit" }}
            onClick={() => setView({ step: row.id })}
          >
            <b className="name">{row.model || t("noModel")}</b>
          </button>
        </TwoLines>
      ),
    },
    {
      key: "key",
      head: t("column.key"),
      cell: (row) => <span className="soft">{row.key ?? row.user ?? "·"}</span>,
    },
    {
      key: "node",
      head: t("column.servedBy"),
      cell: (row) => (
        <span className="soft">{[row.served_by, row.node].filter(Boolean).join(", ") || "·"}</span>
      ),
    },
    {
      key: "tokens",
      head: t("column.tokens"),
      align: "right",
      cell: (row) => `${format.exact(row.prompt_tokens)} + ${format.exact(row.completion_tokens)}`,
    },
    {
      key: "first",
      head: t("column.first"),
      align: "right",
      cell: (row) => (
        <span className="soft">
          {sayMilliseconds(row.first_byte_ms || null, format.duration, locale)}
        </span>
      ),
    },
    {
      key: "total",
      head: t("column.total"),
      align: "right",
      phone: "number",
      cell: (row) => (
        <span className="soft">{sayMilliseconds(row.total_ms, format.duration, locale)}</span>
      ),
    },
    {
      key: "outcome",
      head: t("column.outcome"),
      phone: "state",
      cell: (row) => <Outcome request={row} />,
    },
    {
      key: "at",
      head: t("column.at"),
      align: "right",
      cell: (row) => (
        <time className="dim xs" dateTime={row.at} title={row.at}>
          {format.relative(row.at)}
        </time>
      ),
    },
  ];
}
