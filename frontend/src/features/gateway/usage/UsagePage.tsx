import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { UsageGroupOut } from "@/api/generated/schema";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { type Column, DataTable } from "@/ui/DataTable";
import { DownloadIcon } from "@/ui/icons";
import { Meter } from "@/ui/Meter";
import { TableSkeleton } from "@/ui/Skeleton";
import { Stats } from "@/ui/Stats";
import { seriesColour, TimeChart } from "@/ui/TimeChart";
import styles from "../gateway.module.css";
import { type GroupBy, usageQuery } from "./queries";
import { daysAgo, fillBuckets, toCsv, totalsOf } from "./today";

const GROUPS = ["key", "model", "user", "node"] as const;
type Group = (typeof GROUPS)[number];
const SPANS = ["1", "7", "30"] as const;
type Span = (typeof SPANS)[number];
const MINUTE_MS = 60_000;

function oneOf<Word extends string>(words: readonly Word[], word: string | undefined): Word {
  return words.find((each) => each === word) ?? (words[0] as Word);
}

/** Who used how much? */
export function UsagePage() {
  const t = useTranslations("usage");
  const tAll = useTranslations("gateway");
  const [view, setView] = useView();
  const now = useTick(MINUTE_MS);
  const group = oneOf<Group>(GROUPS, view.group);
  const span = oneOf<Span>(SPANS, view.days);
  const from = daysAgo(Number(span), new Date(now));
  const query = useQuery(usageQuery(group, from));
  const groups = query.data?.items ?? [];
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tAll("title") }]}
      sentence={t("sentence")}
      actions={
        groups.length > 0 && (
          <Button icon={DownloadIcon} onClick={() => saveCsv(group, span, groups)}>
            {t("csv")}
          </Button>
        )
      }
    >
      <div className="row between wrap">
        <Segments
          label={t("groupBy")}
          value={group}
          choices={GROUPS.map((value) => ({ value, label: t(`by.${value}`) }))}
          onChange={(value) => setView({ group: value === "key" ? undefined : value })}
        />
        <Segments
          label={t("span")}
          value={span}
          choices={SPANS.map((value) => ({ value, label: t(`days.${value}`) }))}
          onChange={(value) => setView({ days: value === "1" ? undefined : value })}
        />
      </div>
      <QueryView query={query} skeleton={<TableSkeleton />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty
              action={
                <ButtonLink to="/keys" search={{ dialog: "new-key" }}>
                  {t("newKey")}
                </ButtonLink>
              }
            >
              {t("empty")}
            </Empty>
          ) : (
            <>
              <Totals groups={items} />
              <OverTime span={span} from={from} />
              <Groups group={group} rows={items} />
            </>
          )
        }
      </QueryView>
    </PageFrame>
  );
}

function Totals({ groups }: { groups: readonly UsageGroupOut[] }) {
  const t = useTranslations("usage");
  const format = useFormat();
  const sum = totalsOf(groups);
  return (
    <Stats
      items={[
        { label: t("requests"), value: format.exact(sum.requests) },
        { label: t("promptTokens"), value: format.shortCount(sum.promptTokens) },
        { label: t("completionTokens"), value: format.shortCount(sum.completionTokens) },
        { label: t("firstToken"), value: format.duration(sum.firstByteMs), below: t("mean") },
      ]}
    />
  );
}

function OverTime({ span, from }: { span: Span; from: string }) {
  const t = useTranslations("usage");
  const format = useFormat();
  const step: GroupBy = span === "1" ? "hour" : "day";
  const query = useQuery(usageQuery(step, from));
  if (!query.data) return null;
  const buckets = fillBuckets(query.data.items, step === "hour" ? "hour" : "day", from);
  const names = [t("promptTokens"), t("completionTokens")];
  return (
    <Card
      title={step === "hour" ? t("tokensPerHour") : t("tokensPerDay")}
      actions={
        <span className="legend" aria-hidden="true">
          {names.map((name, index) => (
            <span key={name}>
              <i style={{ background: seriesColour(index) }} />
              {name}
            </span>
          ))}
        </span>
      }
    >
      <TimeChart
        label={t("chart")}
        height={186}
        times={buckets.map((bucket) => bucket.at)}
        series={[
          { name: names[0] ?? "", values: buckets.map((bucket) => bucket.promptTokens) },
          { name: names[1] ?? "", values: buckets.map((bucket) => bucket.completionTokens) },
        ]}
        format={(value) => format.shortCount(value)}
        formatTime={(at) => (step === "hour" ? clock(new Date(at * 1000)) : format.day(at * 1000))}
        atLeast={10}
      />
    </Card>
  );
}

function clock(at: Date): string {
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

function nameOf(row: UsageGroupOut, group: Group): string {
  return row[group] ?? "";
}

function Groups({ group, rows }: { group: Group; rows: readonly UsageGroupOut[] }) {
  const t = useTranslations("usage");
  const format = useFormat();
  const tokensOf = (row: UsageGroupOut) => row.prompt_tokens + row.completion_tokens;
  const most = Math.max(1, ...rows.map(tokensOf));
  const columns: Column<UsageGroupOut>[] = [
    {
      key: "name",
      head: t(`by.${group}`),
      phone: "name",
      cell: (row) => <b className="name">{nameOf(row, group) || t("withoutName")}</b>,
    },
    {
      key: "tokens",
      head: t("tokens"),
      phone: "state",
      cell: (row) => (
        <span className="row">
          <span className={`${styles.meter} desk`}>
            <Meter
              label={t("tokensOf", {
                name: nameOf(row, group) || t("withoutName"),
                tokens: format.shortCount(tokensOf(row)),
              })}
              share={tokensOf(row) / most}
            />
          </span>
          <span className="xs soft" title={format.exact(tokensOf(row))}>
            {format.shortCount(tokensOf(row))}
          </span>
        </span>
      ),
    },
    {
      key: "in",
      head: t("promptTokens"),
      align: "right",
      cell: (row) => format.exact(row.prompt_tokens),
    },
    {
      key: "out",
      head: t("completionTokens"),
      align: "right",
      cell: (row) => format.exact(row.completion_tokens),
    },
    {
      key: "requests",
      head: t("requests"),
      align: "right",
      phone: "number",
      cell: (row) => format.exact(row.requests),
    },
    {
      key: "failed",
      head: t("failed"),
      align: "right",
      cell: (row) => (row.failed > 0 ? format.exact(row.failed) : <span className="dim">0</span>),
    },
    {
      key: "first",
      head: t("firstToken"),
      align: "right",
      cell: (row) => <span className="soft">{format.duration(row.first_byte_ms)}</span>,
    },
  ];
  return (
    <DataTable
      label={t("title")}
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.group_id ?? nameOf(row, group))}
    />
  );
}

function saveCsv(group: Group, span: Span, rows: readonly UsageGroupOut[]): void {
  const head = [group, "requests", "failed", "prompt_tokens", "completion_tokens", "cached_tokens"];
  const csv = toCsv(
    head,
    rows.map((row) => [
      nameOf(row, group),
      row.requests,
      row.failed,
      row.prompt_tokens,
      row.completion_tokens,
      row.cached_tokens,
    ]),
  );
  const url = URL.createObjectURL(new Blob([`${csv}\n`], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `hearth-usage-by-${group}-${span}-days.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
