import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { type Column, DataTable } from "@/ui/DataTable";
import { CardSkeleton } from "@/ui/Skeleton";
import { TimeChart } from "@/ui/TimeChart";
import { sayMilliseconds } from "../milliseconds";
import { lineOf, type Stretch, stretchesOf } from "./probes";
import { probesQuery } from "./queries";

const HEIGHT = 170;
const STRETCHES_SHOWN = 20;
/** Of fewer there is no line to draw. */
const DRAWN_FROM = 3;

/** How fast it answered over time, and when it did not. */
export function Probes({ upstream }: { upstream: UpstreamOut }) {
  const t = useTranslations("upstreams.probes");
  const query = useQuery(probesQuery(upstream.id));
  const format = useFormat();
  const locale = useLocale();
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const line = useMemo(() => lineOf(query.data ?? []), [query.data]);
  const columns = useColumns();
  return (
    <QueryView query={query} skeleton={<CardSkeleton lines={4} />}>
      {(probes) => (
        <>
          <Card title={t("latency")} note={t("count", { count: probes.length })}>
            {line.latency.filter((ms) => ms !== null).length < DRAWN_FROM ? (
              <p className="sm dim">{t("tooFew")}</p>
            ) : (
              <TimeChart
                label={t("latency")}
                kind="line"
                height={HEIGHT}
                times={line.times}
                series={[{ name: t("latency"), values: line.latency }]}
                format={(ms) => digits.format(ms)}
                formatTime={(seconds) => format.dateTime(seconds * 1000)}
                atLeast={5}
              />
            )}
          </Card>
          {probes.length > 0 && (
            <DataTable
              label={t("history")}
              columns={columns}
              rows={stretchesOf(probes).slice(0, STRETCHES_SHOWN)}
              rowKey={(row) => row.until}
            />
          )}
        </>
      )}
    </QueryView>
  );
}

function useColumns(): Column<Stretch>[] {
  const t = useTranslations("upstreams.probes");
  const format = useFormat();
  const locale = useLocale();
  return [
    {
      key: "when",
      head: t("column.when"),
      phone: "name",
      cell: (row) => (
        <span className="soft">
          {row.probes === 1
            ? format.dateTime(row.until)
            : t("fromTo", {
                from: format.dateTime(row.since),
                to: format.dateTime(row.until),
              })}
        </span>
      ),
    },
    {
      key: "found",
      head: t("column.found"),
      phone: "state",
      cell: (row) =>
        row.answered ? (
          <StateBadge bare state="ready" label={t("answered", { count: row.models })} />
        ) : (
          <StateBadge bare state="unreachable" label={row.problem} />
        ),
    },
    {
      key: "probes",
      head: t("column.probes"),
      align: "right",
      cell: (row) => <span className="soft">{row.probes}</span>,
    },
    {
      key: "latency",
      head: t("column.latency"),
      align: "right",
      phone: "number",
      cell: (row) => (
        <span className="soft">{sayMilliseconds(row.latency, format.duration, locale)}</span>
      ),
    },
  ];
}
