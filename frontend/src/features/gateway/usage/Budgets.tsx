import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Empty } from "@/components/Empty";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { type Column, DataTable, TwoLines } from "@/ui/DataTable";
import { Meter } from "@/ui/Meter";
import { TableSkeleton } from "@/ui/Skeleton";
import { holdersQuery, keysQuery } from "../keys/queries";
import { useUtcMidnight } from "../keys/useUtcMidnight";
import { type BudgetRow, budgetsOf, LOOK_BACK_DAYS, perDay } from "./budgets";
import { usageQuery } from "./queries";
import { asLocalDay, DAY_MS, startOfDay } from "./spans";
import styles from "./usage.module.css";

const MINUTE_MS = 60_000;

/** Every budget of tokens, and whether it will last if it goes on like this. */
export function Budgets() {
  const t = useTranslations("usage.budgets");
  const midnight = useUtcMidnight();
  const now = useTick(MINUTE_MS);
  const holders = useQuery(holdersQuery);
  const keys = useQuery(keysQuery).data?.items ?? [];
  const from = new Date(startOfDay(now) - (LOOK_BACK_DAYS - 1) * DAY_MS).toISOString();
  const byKey = useQuery(usageQuery({ group_by: "key", interval: "day", from })).data?.items;
  const byUser = useQuery(usageQuery({ group_by: "user", interval: "day", from })).data?.items;
  const columns = useColumns();
  return (
    <QueryView query={holders} skeleton={<TableSkeleton />}>
      {({ items }) => {
        const rows = budgetsOf({
          holders: items,
          keys,
          keyDays: perDay(byKey ?? [], now),
          userDays: perDay(byUser ?? [], now),
          now,
        });
        if (rows.length === 0) {
          return (
            <Empty
              action={
                <ButtonLink to="/keys" search={{ tab: "limits" }}>
                  {t("set")}
                </ButtonLink>
              }
            >
              {t("empty")}
            </Empty>
          );
        }
        return (
          <>
            <DataTable
              label={t("title")}
              columns={columns}
              rows={rows}
              rowKey={(row) => `${row.level} ${row.id} ${row.window}`}
            />
            <p className="xs dim">{t("how", { time: midnight })}</p>
          </>
        );
      }}
    </QueryView>
  );
}

function useColumns(): Column<BudgetRow>[] {
  const t = useTranslations("usage.budgets");
  const format = useFormat();
  return [
    {
      key: "for",
      head: t("column.for"),
      phone: "name",
      cell: (row) => (
        <TwoLines note={t(`level.${row.level}`)}>
          <b className="name">{row.holder}</b>
        </TwoLines>
      ),
    },
    { key: "window", head: t("column.window"), cell: (row) => t(`window.${row.window}`) },
    {
      key: "used",
      head: t("column.used"),
      phone: "number",
      cell: (row) => {
        const text = t("usedOf", {
          used: format.amount(row.used),
          limit: format.amount(row.limit),
        });
        const share = row.used / row.limit;
        return (
          <span className="row">
            <span className={`${styles.meter} desk`}>
              <Meter label={text} parts={[{ share, kind: share >= 1 ? "too-much" : "main" }]} />
            </span>
            <span className="xs soft">{text}</span>
          </span>
        );
      },
    },
    {
      key: "forecast",
      head: t("column.forecast"),
      phone: "state",
      cell: (row) => <ForecastWords row={row} />,
    },
    {
      key: "change",
      head: <span className="visually-hidden">{t("column.change")}</span>,
      align: "right",
      phone: "action",
      cell: (row) => (
        <ButtonLink
          size="sm"
          aria-label={t("changeOf", { name: row.holder })}
          to={row.level === "key" ? "/keys/$keyId" : "/keys"}
          {...(row.level === "key" ? { params: { keyId: String(row.id) } } : {})}
          search={row.level === "key" ? {} : { tab: "limits" }}
        >
          {t("change")}
        </ButtonLink>
      ),
    },
  ];
}

/** "At this rate used up on the 24th", in the words of its window. */
function ForecastWords({ row }: { row: BudgetRow }) {
  const t = useTranslations("usage.budgets.forecast");
  const format = useFormat();
  const { forecast, window } = row;
  switch (forecast.kind) {
    case "unknown":
      return <StateBadge bare state="unknown" label={t("unknown")} />;
    case "over":
      return (
        <StateBadge
          bare
          state="failed"
          label={t("over", { moment: format.dateTime(forecast.until) })}
        />
      );
    case "reached": {
      const moment =
        window === "day" ? format.clock(forecast.at) : format.day(asLocalDay(forecast.at));
      return <StateBadge bare state="waiting" label={t(`reached.${window}`, { moment })} />;
    }
    case "holds":
      return (
        <StateBadge
          bare
          state="active"
          label={t(`holds.${window}`, { share: format.share(forecast.share) })}
        />
      );
  }
}
